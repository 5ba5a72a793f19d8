// What clicks do: copying, revealing, dismissing, menus and dialogs.

// ---- clicks ----

on('click', (event) => {
  const button = near(event, 'button, a');
  if (!button) return;
  if (button.dataset.copy !== undefined) copy(button, button.dataset.copy);
  if (button.dataset.copyCode !== undefined) copy(button, $('pre', button.closest('.listing')).textContent);
  if (button.dataset.copyRow !== undefined) copy(button, ofRow(button));
  if (button.dataset.reveal) reveal(button);
  if (button.dataset.dismiss !== undefined) dismiss(event, button);
  if (button.dataset.stay !== undefined) stay();
  if (button.dataset.print !== undefined) print();
  if (button.dataset.dialog !== undefined) openDialog(event, button);
  if (button.dataset.cancel !== undefined && button.closest('dialog')) {
    event.preventDefault();
    button.closest('dialog').close();
  }
});

const idOf = (row) => row.id.replace(/^.*-/, '');

function ofRow(button) {
  const id = idOf(button.closest('[data-row]'));
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
  if (menuOf(button)) copied(button);
  else {
    button.dataset.copied = '';
    setTimeout(() => delete button.dataset.copied, 1500);
  }
  say('Copied');
}

// copied shows that in a menu item, and then closes the menu.
function copied(item) {
  if (item.dataset.copied !== undefined) return;
  const menu = menuOf(item), use = $('use', item), was = [use.getAttribute('href'), item.lastChild.data];
  const show = (href, words) => { use.setAttribute('href', href); item.lastChild.data = words; };
  show(was[0].replace(/#.*/, '#check'), 'Copied');
  item.dataset.copied = '';
  setTimeout(() => {
    const within = menu.contains(document.activeElement);
    closeMenu(menu);
    if (within) openerOf(menu).focus();
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

// ---- menus: a details, or the menu of a row ----

const menuOf = (element) => element.closest('details.menu, [popover]');
const openerOf = (menu) => (menu.popover ? menu.previousElementSibling : $('summary', menu));
const closeMenu = (menu) => { if (menu.popover) menu.hidePopover(); else menu.open = false; };

// All rows share a menu: the first click on a row's button puts a copy into the row, and makes the browser open it.
on('click', (event) => {
  const button = near(event, '[data-menu]');
  if (button) addMenu(button);
}, { capture: true });
on('console:menu', (event) => { // a key wants the row's actions
  const button = $('[data-menu]', event.target);
  if (button) addMenu(button);
});

function addMenu(button) {
  if (button.popoverTargetElement) return;
  const row = button.closest('[data-row]'), next = row.nextElementSibling ?? row.previousElementSibling, list = row.parentNode.dataset.list;
  const words = { ID: idOf(row), NEXT: next && idOf(next), LIST: encodeURIComponent(list) };
  const fill = (address) => (list.includes('?') ? address : address.replace('?list=LIST', '')).replace(next ? '' : '%23open-NEXT', '').replace(/ID|NEXT|LIST/g, (word) => words[word]);
  for (const old of $$('[data-menu] + [popover]')) old.remove();
  const menu = $('#row-menu').content.firstElementChild.cloneNode(true);
  for (const link of $$('a', menu)) link.setAttribute('href', fill(link.getAttribute('href')));
  for (const form of $$('form', menu)) form.setAttribute('action', fill(form.getAttribute('action')));
  button.after(menu);
  button.type = 'button';
  button.popoverTargetElement = menu;
  for (const item of $$('[data-when]', menu)) item.hidden = item.dataset.when !== row.dataset.status;
  window.htmx?.process(menu);
}

on('click', (event) => {
  for (const menu of $$('details.menu[open]')) if (!menu.contains(event.target)) menu.open = false;
});
on('toggle', ({ target: menu }) => { // browsers without anchors
  if (!menu.matches(':popover-open') || CSS.supports('position-area', 'bottom')) return;
  const { bottom, right } = openerOf(menu).getBoundingClientRect();
  Object.assign(menu.style, { top: `${Math.min(bottom, innerHeight - menu.offsetHeight)}px`, right: `${innerWidth - right}px` });
}, { capture: true });
on('toggle', ({ target: menu }) => { // open upwards if there is no room below
  if (!menu.matches('details.menu') || menu.classList.contains('up')) return;
  menu.removeAttribute('data-over');
  const { top, bottom, height } = $('ul', menu).getBoundingClientRect();
  menu.toggleAttribute('data-over', menu.open && bottom > innerHeight && top > height);
}, { capture: true });
// Esc and clicks elsewhere close them.
on('keydown', (event) => {
  const menu = event.key === 'Escape' && near(event, 'details.menu[open]');
  if (!menu) return;
  menu.open = false;
  $('summary', menu).focus();
});

// ---- rows: they open where they are clicked, also on text, which can be selected ----

on('click', (event) => {
  const link = near(event, '[data-row]') && $('.name > a', near(event, '[data-row]'));
  if (link && !near(event, 'a, button, label, input, [popover]') && getSelection().isCollapsed) link.dispatchEvent(new MouseEvent('click', event));
});

// ---- dialogs: the linked page's confirmation ----

async function openDialog(event, link) {
  event.preventDefault();
  const menu = menuOf(link);
  const opener = opensFrom(event, link);
  let asked;
  link.ariaBusy = 'true';
  try {
    const response = await fetch(link.href, { headers: { Accept: 'text/html' } });
    if (response.ok && !response.redirected) asked = parse(await response.text()).querySelector('[data-question]');
  } catch { /* the page itself shows what is wrong */ }
  if (!asked) return location.assign(link.href);
  link.ariaBusy = null;

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
  if (menu) closeMenu(menu);
  document.dispatchEvent(new CustomEvent('console:dialog', { detail: dialog }));
  dialog.showModal();
}

// opensFrom returns what gets the focus back; after a shortcut, what had it.
function opensFrom(event, link) {
  const menu = link.closest('details[open], :popover-open');
  if (menu) return openerOf(menu);
  return event.isTrusted || document.activeElement === document.body ? link : document.activeElement;
}
