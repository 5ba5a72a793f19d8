// The palette: a dialog over any page that searches everything, as /search does. Its results are that
// page's; here they are the options of a combobox.

let tools, opener, dialog, input, list;
let at = -1; // the active option
let timer, asking;

// open shows the palette, or closes it if it is open. What opened it gets the focus back.
export function open(link, from, given) {
  if (dialog) return dialog.close();
  [tools, opener] = [given, from];
  dialog = build(link);
  document.body.append(dialog);
  dialog.showModal();
  ask(link);
}

function build(link) {
  const { $, parse } = tools;
  const made = $('dialog', parse(`<dialog class="palette" closedby="any" aria-label="Search">
    <form role="search" method="get" action="/search">
      <input type="search" name="q" role="combobox" aria-label="Search everything" aria-autocomplete="list" aria-expanded="true" aria-controls="palette-list"
        placeholder="Search groups, contacts, users, settings…" dir="auto" autocomplete="off" spellcheck="false" autofocus>
      <button type="button" class="quiet close" data-cancel><kbd aria-hidden="true">Esc</kbd><span class="hide">Close</span></button>
    </form>
    <div class="results"></div>
  </dialog>`));
  $('form', made).prepend($('svg', link).cloneNode(true));
  input = $('input', made);
  input.addEventListener('input', (event) => {
    clearTimeout(timer);
    if (!event.isComposing) timer = setTimeout(ask, 150, link);
  });
  input.addEventListener('compositionend', () => { timer = setTimeout(ask, 150, link); });
  input.addEventListener('keydown', keyed);
  list = $('.results', made);
  made.addEventListener('close', close);
  return made;
}

function close() {
  clearTimeout(timer);
  asking?.abort();
  dialog.remove();
  dialog = null;
  tools.focus(opener);
}
addEventListener('pagehide', () => dialog?.close()); // Back shows the page without it
addEventListener('hashchange', () => dialog?.close());

// ask shows what the server finds now. Answers to earlier questions are dropped.
async function ask(link) {
  asking?.abort();
  const { signal } = asking = new AbortController();
  const url = new URL(link.href);
  url.searchParams.set('q', input.value.trim());
  try {
    const headers = { Accept: 'text/html', 'HX-Request': 'true', 'HX-Request-Type': 'partial', 'HX-Target': 'section#found' };
    const response = await fetch(url, { signal, headers });
    if (response.status === 401) return tools.signIn();
    if (response.redirected) return location.assign(link.href);
    if (!response.ok) return tools.showRefusal(null, response.status, response);
    const html = await response.text();
    if (!signal.aborted) show(tools.$('#found', tools.parse(html)));
  } catch (error) {
    if (error.name !== 'AbortError') tools.showTrouble(tools.unreachable, '', () => ask(link));
  }
}

// show makes options of what was found.
function show(found) {
  const { $, $$, say } = tools;
  tools.hideTrouble();
  list.replaceChildren(...found.childNodes);
  const results = $('ul', list);
  if (results) Object.assign(results, { id: 'palette-list', role: 'listbox', ariaLabel: 'Results' });
  for (const part of $$('li, form', results ?? list)) part.role = 'presentation';
  options().forEach((option, i) => Object.assign(option, { id: `palette-${i}`, role: 'option', tabIndex: -1 }));
  input.setAttribute('aria-expanded', String(!!results));
  list.scrollTop = 0;
  move(results ? 0 : -1);
  say(found.dataset.announce, 300);
}

const options = () => tools.$$('li > a, li > form > button', list);

function move(to) {
  const all = options();
  at = to;
  all.forEach((option, i) => { option.ariaSelected = String(i === at); });
  if (at < 0) return input.removeAttribute('aria-activedescendant');
  input.setAttribute('aria-activedescendant', all[at].id);
  all[at].scrollIntoView({ block: 'nearest' });
}

function keyed(event) {
  const all = options(), n = all.length;
  if (event.isComposing || !n || event.altKey) return;
  const go = {
    ArrowDown: () => move((at + 1) % n),
    ArrowUp: () => move((at <= 0 ? n : at) - 1),
    Home: () => move(0),
    End: () => move(n - 1),
    Enter: () => all[at].dispatchEvent(new MouseEvent('click', { bubbles: true, cancelable: true, ctrlKey: event.ctrlKey, metaKey: event.metaKey })),
  }[event.key];
  if (!go || event.shiftKey) return;
  event.preventDefault();
  event.stopPropagation();
  go();
}
