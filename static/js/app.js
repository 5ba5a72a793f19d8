// Enhancements of the pages, all of which work without this file. It listens on the document
// and finds elements by their attributes:
//
//   data-copy="text"          copies the text              data-reveal="id"   shows that password
//   data-copy-row="id|curl"   copies the row's ID, or the closest data-curl with that ID
//   data-strength="id"        rates that password          data-stay          extends the session
//   data-counter="id"         counts that field's length   data-dialog        opens the link's page in a dialog
//   data-print                prints the page              form[data-file]    responds with a file, as button[data-file] does
//   data-key="c"              has a shortcut: see keys.js, which gets console:dialog for each dialog
//   form[data-guard]          warns before leaving         form[data-draft]   saves its draft at that address
//   data-focus="row|next|#id" what gets the focus after a swap
//   data-state="archived"     the row's status after its form succeeds; data-of="id" is the row, if outside it
//   data-announce, data-title of a region: a sentence to announce, and the document's new title
(() => {
  'use strict';

  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
  const on = (type, handle, options) => document.addEventListener(type, handle, options);
  const near = (event, selector) => event.target instanceof Element && event.target.closest(selector);

  document.documentElement.classList.add('js');

  // ---- trusted types: responses of the console are trusted as markup, never as scripts ----

  const markup = { createHTML: (html) => html };
  const policy = window.trustedTypes?.createPolicy('console', markup) ?? markup;
  const parse = (html) => new DOMParser().parseFromString(policy.createHTML(html), 'text/html');
  on('DOMContentLoaded', () => window.htmx?.registerExtension('trusted-types', { init: (api) => api.initSecurity(policy) }));

  // ---- announcements: one polite live region, the last sentence wins ----

  let saying;
  function say(text, wait = 120) {
    clearTimeout(saying);
    if (!text) return;
    const region = $('#status');
    region.textContent = '';
    saying = setTimeout(() => { region.textContent = text; }, wait);
  }

  function focus(element) {
    if (!element) return;
    if (!element.matches('a[href],button,input,select,textarea,summary,[tabindex]')) element.tabIndex = -1;
    element.focus();
  }

  // ---- links: clicks that open another tab or window are left to the browser ----

  on('click', (event) => {
    const elsewhere = event.ctrlKey || event.metaKey || event.shiftKey || event.altKey;
    if (elsewhere && near(event, 'a[href]')) event.stopImmediatePropagation();
  }, { capture: true });

  // ---- htmx: addresses, errors, focus ----

  on('htmx:config:request', (event) => {
    const { ctx } = event.detail;
    if (ctx.sourceElement.dataset?.of && !rowOf(ctx.sourceElement)) { // the row isn't on this page
      event.preventDefault();
      return ctx.sourceElement.submit();
    }
    const { body, method } = ctx.request;
    if (method === 'GET') for (const [key, value] of [...body]) if (value === '') body.delete(key);
    // Typing replaces the address, so that Back leaves the search instead of undoing it letter by letter.
    if (ctx.sourceEvent?.type === 'input' && new URLSearchParams(location.search).has('q')) {
      ctx.replace = 'true';
      ctx.push = null;
    }
  });

  // A search waits until an input method has composed a word, such as a Chinese one.
  const searching = (event) => near(event, '[type="search"], [data-find]');
  on('input', (event) => { if (event.isComposing && searching(event)) event.stopPropagation(); }, true);
  on('compositionend', (event) => { if (searching(event)) event.target.dispatchEvent(new Event('input', { bubbles: true })); });

  const rowOf = (element) => element.closest('[data-row]') ?? document.getElementById(element.dataset?.of);

  on('htmx:before:request', ({ detail: { ctx } }) => {
    hideTrouble();
    ctx.region = ctx.target;
    ctx.region?.setAttribute?.('aria-busy', 'true');
    ctx.focusTo = ctx.sourceElement.dataset?.focus;
    ctx.row = rowOf(ctx.sourceElement);
    ctx.newStatus = ctx.sourceElement.dataset?.state; // read now: a message's form is removed with the message
    ctx.nextRow = (ctx.row?.nextElementSibling ?? ctx.row?.previousElementSibling)?.id;
  });

  on('htmx:finally:request', ({ detail: { ctx } }) => {
    ctx.region?.removeAttribute?.('aria-busy');
  });

  on('htmx:before:response', (event) => {
    const { ctx } = event.detail;
    const { status, raw } = ctx.response;
    if (status < 400 || [409, 412, 422].includes(status)) return;
    event.preventDefault();
    if (status === 401) signIn({ to: ctx.request.method === 'GET' ? addressOf(new URL(raw.url)) : undefined });
    else showRefusal(ctx, status, raw);
  });

  on('htmx:error', ({ detail: { ctx, error } }) => {
    if (!ctx || ctx.response?.status >= 400) return;
    const timedOut = error?.name === 'AbortError';
    showTrouble(timedOut ? 'The server took too long to respond.' : unreachable, '', () => retryFrom(ctx.sourceElement));
  });

  // A whole document in response to a request for a region is a page to go to.
  on('htmx:before:swap', ({ detail: { ctx, tasks } }) => {
    if (ctx.target === document.body || !/^\s*<!doctype/i.test(ctx.text)) return;
    if (ctx.request.method === 'GET' || ctx.response.raw.redirected) {
      tasks.length = 0;
      location.assign(ctx.response.raw.url);
      return;
    }
    for (const task of tasks) if (task.type === 'main') Object.assign(task, { target: document.body, swapSpec: { style: 'outerSync' } });
    ctx.focusTo = '[role="alert"], h1';
  });

  on('htmx:after:swap', ({ detail: { ctx } }) => {
    const region = document.getElementById(ctx.region?.id);
    if (ctx.swap !== 'none' && region) {
      for (const choice of $$('input[type="radio"], input[type="checkbox"]', region)) choice.checked = choice.defaultChecked;
      if (region.dataset.title) document.title = region.dataset.title;
    }
    const flash = $('#flashes [data-fresh]');
    const failed = ctx.response?.status >= 400;
    if (!failed && ctx.row && ctx.newStatus) setStatus(ctx.row, ctx.newStatus);
    if (failed) focus(region && $('[role="alert"], [aria-invalid="true"]', region));
    else if (ctx.focusTo === 'row') focus(ctx.row && $('a', ctx.row));
    else if (ctx.focusTo === 'next') focus($('a, button', document.getElementById(ctx.nextRow) ?? document.createElement('i')) ?? (region && $('h2', region)));
    else if (ctx.focusTo) focus($(ctx.focusTo));
    if (flash) flash.removeAttribute('data-fresh');
    say(flash ? flash.dataset.say : region?.dataset.announce, flash ? 120 : 500);
  });

  // setStatus updates a row in place.
  function setStatus(row, state) {
    row.dataset.status = state;
    for (const part of $$('[data-when]', row)) part.hidden = part.dataset.when !== state;
    for (const menu of $$('details[open]', row)) menu.open = false;
  }

  // ---- errors: what happened, the request ID, and "Try again" ----

  const unreachable = "Can't reach the server. Check your connection.";
  const addressOf = ({ pathname, search }) => pathname + search;

  // signIn leads to the sign-in page, and from there back to an address, with what was entered
  // into a form.
  function signIn({ to = addressOf(location), form = $$('form[method="post"][data-guard]').find(dirty) } = {}) {
    if (!form) return location.assign('/login?next=' + encodeURIComponent(to));
    const carrier = Object.assign(document.createElement('form'), { method: 'post', action: '/login', hidden: true });
    const carry = (name, value) => carrier.append(Object.assign(document.createElement('input'), { type: 'hidden', name, value }));
    carry('next', form.getAttribute('action'));
    for (const [name, value] of new FormData(form)) carry('carried.' + name, value);
    document.body.append(carrier);
    leaving = true;
    carrier.submit();
  }

  // retryFrom repeats an element's request.
  function retryFrom(source) {
    if (!source?.isConnected || source === document.body) location.reload();
    else if (source.matches('form')) source.requestSubmit();
    else source.click();
  }

  async function showRefusal(ctx, status, response) {
    const page = parse(await response.text().catch(() => ''));
    const words = $('[data-sentence]', page)?.textContent.trim() || {
      403: "You don't have permission to do that.",
      404: 'This no longer exists.',
      429: 'Too many requests. Try again in a moment.',
      503: "The console can't reach its database right now.",
    }[status] || 'Something went wrong on the server.';
    showTrouble(words, response.headers.get('Request-Id') ?? '', () => retryFrom(ctx?.sourceElement));
  }

  function showTrouble(words, request, retry) {
    const bar = $('#trouble-bar').content.firstElementChild.cloneNode(true);
    $('[data-words]', bar).textContent = words;
    $('[data-request]', bar).hidden = !request;
    $('[data-request] code', bar).textContent = request;
    $('[data-again]', bar).addEventListener('click', () => {
      hideTrouble();
      retry();
    });
    hideTrouble();
    const dialog = $('dialog[open]'); // nothing outside it can be reached
    if (dialog) bar.role = 'alert';
    (dialog ?? $('#trouble')).prepend(bar);
  }

  const hideTrouble = () => { for (const bar of $$('.trouble')) bar.remove(); };

  // ---- clicks ----

  on('click', (event) => {
    const button = near(event, 'button, a');
    if (!button) return;
    if (button.dataset.copy !== undefined) copy(button, button.dataset.copy);
    if (button.dataset.copyRow !== undefined) copy(button, ofRow(button));
    if (button.dataset.reveal) reveal(button);
    if (button.dataset.dismiss !== undefined) dismiss(event, button);
    if (button.dataset.stay !== undefined) stay();
    if (button.dataset.print !== undefined) print();
    if (button.dataset.dialog !== undefined) openDialog(event, button);
    if (button.dataset.drop !== undefined) drop(event, button);
    if (button.dataset.cancel !== undefined && button.closest('dialog')) {
      event.preventDefault();
      button.closest('dialog').close();
    }
  });

  function ofRow(button) {
    const id = button.closest('[data-row]').id.replace(/^.*-/, '');
    return button.dataset.copyRow === 'id' ? id : button.closest('[data-curl]').dataset.curl.replace('{id}', id);
  }

  async function copy(button, text) {
    try {
      await navigator.clipboard.writeText(text);
    } catch { // insecure pages have no clipboard
      const area = Object.assign(document.createElement('textarea'), { value: text, className: 'hide' });
      (button.closest('dialog') ?? document.body).append(area);
      area.select();
      document.execCommand('copy');
      area.remove();
      button.focus();
    }
    if (button.closest('.menu')) copied(button);
    else {
      button.dataset.copied = '';
      setTimeout(() => delete button.dataset.copied, 1500);
    }
    say('Copied');
  }

  // copied shows that in a menu item, and then closes the menu.
  function copied(item) {
    if (item.dataset.copied !== undefined) return;
    const menu = item.closest('.menu'), use = $('use', item), was = [use.getAttribute('href'), item.lastChild.data];
    const show = (href, words) => { use.setAttribute('href', href); item.lastChild.data = words; };
    show(was[0].replace(/#.*/, '#check'), 'Copied');
    item.dataset.copied = '';
    setTimeout(() => {
      const within = menu.contains(document.activeElement);
      menu.open = false;
      if (within) $('summary', menu).focus();
      show(...was);
      delete item.dataset.copied;
    }, 800);
  }

  function reveal(button) {
    const shown = button.getAttribute('aria-pressed') === 'true';
    button.setAttribute('aria-pressed', String(!shown));
    document.getElementById(button.dataset.reveal).type = shown ? 'password' : 'text';
  }

  function dismiss(event, button) {
    event.preventDefault();
    button.closest('.flash, .trouble').remove();
    focus($('dialog[open] h2') ?? $('main h1'));
  }

  // ---- menus: Esc and clicks elsewhere close them ----

  on('click', (event) => {
    for (const menu of $$('details.menu[open]')) if (!menu.contains(event.target)) menu.open = false;
  });
  on('toggle', ({ target: menu }) => { // open upwards if there is no room below
    if (!menu.matches('details.menu') || menu.classList.contains('up')) return;
    menu.removeAttribute('data-over');
    const { top, bottom, height } = $('ul', menu).getBoundingClientRect();
    menu.toggleAttribute('data-over', menu.open && bottom > innerHeight && top > height);
  }, { capture: true });
  on('keydown', (event) => {
    const menu = event.key === 'Escape' && near(event, 'details.menu[open]');
    if (!menu) return;
    menu.open = false;
    $('summary', menu).focus();
  });

  // ---- dialogs: the linked page's confirmation ----

  async function openDialog(event, link) {
    event.preventDefault();
    const menu = link.closest('details');
    const opener = opensFrom(event, link);
    let asked;
    try {
      const response = await fetch(link.href, { headers: { Accept: 'text/html' } });
      if (response.ok && !response.redirected) asked = parse(await response.text()).querySelector('[data-question]');
    } catch { /* the page itself shows what is wrong */ }
    if (!asked) return location.assign(link.href);

    const dialog = document.createElement('dialog');
    const title = Object.assign(document.createElement('h2'), { id: 'dialog-title' });
    title.append(...$('h1', asked).childNodes);
    $('h1', asked).replaceWith(title);
    if (asked.dataset.question !== 'panel') dialog.setAttribute('role', 'alertdialog');
    dialog.setAttribute('aria-labelledby', 'dialog-title');
    if ($('#question', asked)) dialog.setAttribute('aria-describedby', 'question');
    dialog.append(asked);
    dialog.addEventListener('close', () => { dialog.remove(); focus(opener); });
    document.body.append(dialog);
    if (menu) menu.open = false;
    document.dispatchEvent(new CustomEvent('console:dialog', { detail: dialog }));
    dialog.showModal();
  }

  // opensFrom returns what gets the focus back; after a shortcut, what had it.
  function opensFrom(event, link) {
    const menu = link.closest('details[open]');
    if (menu) return $('summary', menu);
    return event.isTrusted || document.activeElement === document.body ? link : document.activeElement;
  }

  // ---- forms: submitted once, also with Ctrl+Enter; guarded, saved as drafts ----

  const contents = (form) => new URLSearchParams(new FormData(form)).toString();
  const before = new WeakMap();
  const dirty = (form) => form.dataset.guard === 'dirty' || before.get(form) !== contents(form);
  const sure = new WeakSet(); // forms that may be submitted now
  let leaving = false;

  on('submit', (event) => {
    const form = event.target;
    if (event.defaultPrevented) return;
    if ((form.dataset.file ?? event.submitter?.dataset.file) !== undefined) return; // the page stays
    leaving = true;
    if (form.method !== 'post' || sure.delete(form)) return;
    event.preventDefault();
    if (form.ariaBusy !== 'true') send(form, event.submitter);
  });

  // send submits a form once the server is reachable: otherwise the browser would leave the page,
  // and lose what was entered.
  async function send(form, submitter) {
    form.ariaBusy = 'true';
    hideTrouble();
    if (!await reachable()) {
      form.ariaBusy = null;
      leaving = false;
      return showTrouble(unreachable, '', () => form.requestSubmit(submitter));
    }
    sure.add(form);
    form.requestSubmit(submitter);
    if (sure.delete(form)) form.ariaBusy = null; // a field is invalid
  }

  const reachable = () => fetch('/healthz', { method: 'HEAD', cache: 'no-store', signal: AbortSignal.timeout(5000) })
    .then(({ status }) => status < 502, () => false); // a proxy's error if the console is down

  // A page restored by Back may still have a form that was submitted.
  addEventListener('pageshow', () => {
    leaving = false;
    for (const form of $$('form[aria-busy]')) {
      form.ariaBusy = null;
      if (form.dataset.guard) form.dataset.guard = '';
      before.set(form, contents(form));
    }
  });
  on('keydown', (event) => {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
    const form = near(event, 'form[method="post"]');
    if (!form) return;
    event.preventDefault();
    form.requestSubmit($('.actions .primary', form));
  });
  addEventListener('beforeunload', (event) => {
    if (!leaving && $$('form[data-guard]').some(dirty)) event.preventDefault();
  });

  let drafting;
  on('input', (event) => {
    const form = near(event, 'form[data-draft]');
    if (!form) return;
    clearTimeout(drafting);
    drafting = setTimeout(() => {
      const body = contents(form); // keepalive requests are limited to 64 KiB
      if (!leaving) fetch(form.dataset.draft, { method: 'POST', body, headers: { 'Content-Type': 'application/x-www-form-urlencoded' }, keepalive: body.length < 60_000 }).catch(() => {});
    }, 1500);
  });

  // ---- counters: always shown, announced from 80 % on ----

  const length = (field) => [...field.value.normalize('NFC').replaceAll('\r\n', '\n')].length;

  const grouped = (n) => String(n).replace(/\B(?=(\d{3})+$)/g, document.documentElement.dataset.group);

  function count(field, quietly) {
    const counter = $(`[data-counter="${field.id}"]`);
    if (!counter) return;
    const most = Number(counter.dataset.most), used = length(field), left = most - used;
    counter.textContent = `${grouped(used)} / ${grouped(most)}`;
    counter.toggleAttribute('data-over', left < 0);
    if (!quietly && used >= most * 0.8) say(left < 0 ? `${-left} characters over the limit` : `${left} characters left`, 1000);
  }
  on('input', (event) => { if (event.target.id) count(event.target); });

  // ---- passwords: a rough rating; the server decides ----

  function ratePassword(field) {
    const words = $(`[data-strength="${field.id}"]`);
    if (!words) return;
    const used = length(field), left = Number(words.dataset.least) - used;
    const tiers = [[used === 0, ''], [left > 0, `${left} more characters needed`], [new Set(field.value).size < 6, 'Weak: too few different characters'], [used < 16, 'Fair'], [used < 20, 'Strong'], [true, 'Very strong']];
    words.textContent = tiers.find(([holds]) => holds)[1];
    say(words.textContent, 1000);
  }
  on('input', (event) => { if (event.target.id) ratePassword(event.target); });

  // ---- presets: one checks its boxes, and changing a box selects "Custom" ----

  on('change', (event) => {
    const choices = near(event, '[data-presets]');
    if (!choices) return;
    if (event.target.type === 'checkbox') $('input[type="radio"]:not([data-ticks])', choices).checked = true;
    else if (event.target.dataset.ticks !== undefined) {
      const ticked = event.target.dataset.ticks.split(' ');
      for (const box of $$('input[type="checkbox"]:enabled', choices)) box.checked = ticked.includes(box.value);
    }
  });

  // ---- idle: offer to stay signed in two minutes before the session ends ----

  let idling;
  function watchIdle() {
    clearTimeout(idling);
    const seconds = Number(document.body.dataset.idle);
    if (seconds) idling = setTimeout(() => $('#trouble').replaceChildren($('#idle-bar').content.firstElementChild.cloneNode(true)), (seconds - 120) * 1000);
  }
  async function stay() {
    hideTrouble();
    watchIdle();
    const answer = await fetch(location.href, { method: 'HEAD', redirect: 'manual' }).catch(() => null);
    if (!answer?.ok) signIn();
  }
  addEventListener('pageshow', watchIdle);
  on('htmx:finally:request', watchIdle);

  // ---- member picker: a combobox with options from the server ----

  const pickers = new WeakMap();

  function upgrade(picker) {
    const input = $('[data-find]', picker), list = $('[role="listbox"]', picker);
    for (const [name, value] of Object.entries({ role: 'combobox', 'aria-autocomplete': 'list', 'aria-expanded': 'false', 'aria-controls': list.id })) input.setAttribute(name, value);
    input.removeAttribute('name');
    pickers.set(picker, { input, list, at: -1, timer: 0, asking: null });
  }

  const options = ({ list }) => $$('[role="option"]', list);
  const open = ({ input }) => input.getAttribute('aria-expanded') === 'true';

  function show(state, yes) {
    state.list.hidden = !yes;
    state.input.setAttribute('aria-expanded', String(yes));
    move(state, -1);
  }

  function move(state, at) {
    const all = options(state);
    state.at = at;
    all.forEach((option, i) => option.setAttribute('aria-selected', String(i === at)));
    if (at < 0) return state.input.removeAttribute('aria-activedescendant');
    state.input.setAttribute('aria-activedescendant', all[at].id);
    all[at].scrollIntoView({ block: 'nearest' });
  }

  async function ask(picker, state) {
    state.asking?.abort();
    const text = state.input.value.trim();
    if (!text) return show(state, false);
    state.asking = new AbortController();
    const { signal } = state.asking;
    const url = new URL(picker.dataset.picker, location.href);
    url.searchParams.set('q', text);
    try {
      const response = await fetch(url, { signal, headers: { Accept: 'text/html' } });
      if (response.redirected) { // to the sign-in page, or to setting up a second factor
        state.input.name = 'find';
        return signIn({ form: picker.closest('form') });
      }
      if (!response.ok) return showRefusal(null, response.status, response);
      const html = await response.text();
      if (signal.aborted) return;
      state.list.replaceChildren(...parse(html).body.childNodes);
      for (const option of options(state)) if (option.dataset.id ? taken(picker, option.dataset.id) : !$('[data-new]', picker)) option.remove();
      const n = $$('[data-id]', state.list).length;
      show(state, true);
      say((n === 0 ? `No ${nounOf(picker)}s` : several(n, nounOf(picker))) + ' found', 300);
    } catch (error) {
      if (error.name !== 'AbortError') showTrouble(unreachable, '', () => ask(picker, state));
    }
  }

  const nounOf = (picker) => picker.dataset.noun ?? 'contact';
  const several = (n, noun) => n === 1 ? `1 ${noun}` : `${n} ${noun}s`;
  const taken = (picker, id) => $$('[data-chosen] input', picker).some((input) => input.value === id);
  const tally = (picker) => several($$('[data-chosen] > li, .pasted :checked:not([value=""])', picker).length, nounOf(picker)) + ' selected';

  function choose(picker, state, option) {
    if (!option || option.ariaDisabled === 'true') return;
    const { id, name } = option.dataset;
    if (!id) return describe(picker, state, option.dataset);
    const item = $('template', picker).content.firstElementChild.cloneNode(true);
    $('.person', item).replaceWith($('.person', option).cloneNode(true));
    $('input', item).value = id;
    $('[data-drop] .hide', item).textContent = 'Remove ' + name;
    $('[data-chosen]', picker).append(item);
    state.input.value = '';
    show(state, false);
    state.input.focus();
    changed(picker, `${name} added. ${tally(picker)}`);
  }

  // describe shows the form that creates a contact.
  function describe(picker, state, { username, display }) {
    const form = $('[data-new]', picker), [name, shown] = $$('input', form);
    form.hidden = form.disabled = false;
    [name.value, shown.value, state.input.value] = [username, display, ''];
    show(state, false);
    focus(shown);
    count(name, true);
    count(shown, true);
  }

  function drop(event, button) {
    const picker = button.closest('[data-picker]'), item = button.closest('li');
    event.preventDefault();
    const name = $('.hide', button).textContent.replace(/^Remove /, '');
    const next = item.nextElementSibling ?? item.previousElementSibling;
    item.remove();
    focus(next ? $('[data-drop]', next) : pickers.get(picker).input);
    changed(picker, `${name} removed. ${tally(picker)}`);
  }

  function changed(picker, words) {
    for (const text of $$('[data-tally]', picker)) text.textContent = tally(picker);
    picker.dispatchEvent(new Event('input', { bubbles: true }));
    say(words);
  }

  on('input', (event) => {
    const picker = near(event, '[data-picker]'), state = picker && pickers.get(picker);
    if (!state || event.target !== state.input) return;
    clearTimeout(state.timer);
    state.timer = setTimeout(() => ask(picker, state), 150);
  });
  on('change', (event) => {
    const picker = near(event, '.pasted') && near(event, '[data-picker]');
    if (picker) changed(picker, tally(picker));
  });
  on('keydown', (event) => { // Enter would send the whole form
    if (event.key !== 'Enter' || !near(event, '[data-new] input')) return;
    event.preventDefault();
    $('button', near(event, '[data-new]')).click();
  });
  on('keydown', (event) => {
    const picker = near(event, '[data-picker]'), state = picker && pickers.get(picker);
    if (!state || event.target !== state.input || event.isComposing || event.ctrlKey || event.metaKey) return;
    const n = options(state).length;
    const go = {
      ArrowDown: () => (open(state) ? n && move(state, (state.at + 1) % n) : ask(picker, state)),
      ArrowUp: () => open(state) && n && move(state, (state.at <= 0 ? n : state.at) - 1),
      Home: () => open(state) && n && move(state, 0),
      End: () => open(state) && n && move(state, n - 1),
      Enter: () => choose(picker, state, options(state)[state.at]),
      Escape: () => (open(state) ? show(state, false) : (state.input.value = '')),
    }[event.key];
    if (!go) return;
    if (!['Home', 'End'].includes(event.key) || open(state)) event.preventDefault();
    go();
  });
  on('click', (event) => {
    const picker = near(event, '[data-picker]'), option = near(event, '[role="option"]');
    if (picker && option) choose(picker, pickers.get(picker), option);
  });
  on('focusout', (event) => {
    const picker = near(event, '[data-picker]'), state = picker && pickers.get(picker);
    if (state && !picker.contains(event.relatedTarget)) setTimeout(() => { if (document.activeElement !== state.input) show(state, false); }, 200);
  });

  // ---- setup of a page or a part of one ----

  function prepare(root) {
    for (const picker of $$('[data-picker]', root)) if (!pickers.has(picker)) upgrade(picker);
    for (const form of $$('form[data-guard]', root)) if (!before.has(form)) before.set(form, contents(form));
    for (const counter of $$('[data-counter]', root)) {
      const field = document.getElementById(counter.dataset.counter);
      if (field) count(field, true);
    }
  }
  on('htmx:after:process', (event) => prepare(event.target.nodeType === 1 ? event.target.parentNode ?? event.target : document));
  on('DOMContentLoaded', () => {
    prepare(document);
    const flash = $('#flashes [data-fresh]');
    flash?.removeAttribute('data-fresh');
    say(flash?.dataset.say, 500); // after screen readers have read the page
  });
})();
