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
