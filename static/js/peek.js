// Peek: the group or contact of a row beside its list, as the region of its own page. The focus stays in
// the list, where arrow keys, j and k move the peek; on a phone it's a dialog. Space and Esc close it.

const wide = matchMedia('(min-width: 64rem)');
let tools, panel, row, address;
let timer, asking;

// open shows the object that a link of a row's menu leads to, or closes the peek if it shows that.
export function open(link, from, given) {
  tools = given;
  const menu = tools.menuOf(link), wanted = link.closest('[data-row]');
  if (menu) tools.closeMenu(menu);
  if (panel && row?.id === wanted.id) return close();
  address = link.getAttribute('href').replace(idOf(wanted), 'ID');
  if (!panel) build();
  show(wanted);
  if (wide.matches && from) tools.focus(nameOf(wanted));
}

const idOf = ({ id }) => id.replace(/^row-/, '');
const nameOf = (of) => tools.$('.name > a', of);
const rows = () => tools.$$('main [data-row]');

function build() {
  const { $, parse } = tools;
  const tag = wide.matches ? 'aside' : 'dialog';
  panel = $(tag, parse(`<${tag} class="peek" aria-label="Peek">
    <div class="between">
      <a class="button" data-open>Open</a>
      <div class="row">
        <button type="button" class="quiet close" data-step="-1"><span class="hide">Previous row</span></button>
        <button type="button" class="quiet close" data-step="1"><span class="hide">Next row</span></button>
        <button type="button" class="quiet close" data-close><span class="hide">Close</span></button>
      </div>
    </div>
    <div class="stack"></div>
  </${tag}>`));
  for (const [button, name] of [['-1', 'arrow-up'], ['1', 'arrow-down']]) $(`[data-step="${button}"]`, panel).prepend(icon(name));
  $('[data-close]', panel).prepend(icon('x'));
  panel.addEventListener('click', ({ target }) => {
    const step = target.closest('[data-step]');
    if (step) move(Number(step.dataset.step));
    if (target.closest('[data-close]')) close();
  });
  panel.addEventListener('close', close);
  $('main').append(panel);
  if (tag === 'dialog') panel.showModal();
}

// icon copies one of the page's icons, with another name.
function icon(name) {
  const copy = tools.$('svg.icon').cloneNode(true), use = tools.$('use', copy);
  use.setAttribute('href', use.getAttribute('href').replace(/#.*/, '#' + name));
  return copy;
}

wide.addEventListener('change', () => { // a window that gets narrow needs a dialog
  if (!panel) return;
  const shown = row;
  close();
  build();
  show(shown);
});

function close() {
  const closed = panel;
  if (!closed) return;
  asking?.abort();
  panel = null;
  closed.remove();
  row?.removeAttribute('data-peeked');
  if (row?.isConnected) tools.focus(nameOf(row));
}

function show(next) {
  row?.removeAttribute('data-peeked');
  row = next;
  row.setAttribute('data-peeked', '');
  clearTimeout(timer);
  timer = setTimeout(ask, panel.dataset.shown ? 80 : 0); // a key that is held down asks once
}

async function ask() {
  asking?.abort();
  const { signal } = asking = new AbortController();
  const { $, $$ } = tools, url = address.replace('ID', idOf(row));
  panel.ariaBusy = 'true';
  try {
    const headers = { Accept: 'text/html', 'HX-Request': 'true', 'HX-Request-Type': 'partial', 'HX-Target': 'aside#peek' };
    const response = await fetch(url, { signal, headers });
    if (response.status === 401) return tools.signIn();
    if (!response.ok) return tools.showRefusal(null, response.status, response);
    const page = tools.parse(await response.text());
    if (signal.aborted || !panel) return;
    $('#flashes', page)?.remove();
    for (const title of $$('h1', page)) {
      const small = document.createElement('h2');
      small.append(...title.childNodes);
      title.replaceWith(small);
    }
    $('.stack', panel).replaceChildren(...page.body.childNodes);
    $('[data-open]', panel).href = url;
    const at = rows().indexOf(row);
    $('[data-step="-1"]', panel).disabled = at <= 0;
    $('[data-step="1"]', panel).disabled = at === rows().length - 1;
    panel.dataset.shown = idOf(row);
    panel.scrollTop = 0;
    tools.say('Peek: ' + nameOf(row).textContent.trim());
  } catch (error) {
    if (error.name !== 'AbortError') tools.showTrouble(tools.unreachable, '', ask);
  } finally {
    if (panel && !signal.aborted) panel.ariaBusy = null;
  }
}

// move shows the row so many rows below; in the list, the focus goes with it.
function move(by) {
  const all = rows(), next = all[all.indexOf(row) + by];
  if (!next) return;
  show(next);
  if (panel.matches('aside') && !panel.contains(document.activeElement)) tools.focus(nameOf(next));
}

document.addEventListener('focusin', ({ target }) => {
  const next = panel && target.closest?.('main [data-row]');
  if (next && next !== row) show(next);
});
document.addEventListener('keydown', (event) => {
  if (!panel || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  const within = panel.contains(event.target) || event.target.closest?.('[data-row]');
  if (!within || event.target.closest('[popover], input:not([type="checkbox"])')) return;
  const dialog = panel.matches('dialog');
  const go = {
    Escape: () => close(),
    ArrowDown: () => move(1),
    ArrowUp: () => move(-1),
    j: dialog && (() => move(1)),
    k: dialog && (() => move(-1)),
  }[event.key];
  if (!go) return;
  event.preventDefault();
  go();
});
document.addEventListener('htmx:after:swap', () => {
  if (!panel || row?.isConnected) return;
  const again = document.getElementById(row.id); // the list was drawn anew
  if (again) show(again);
  else close();
});
