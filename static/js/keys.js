// Single-key shortcuts. Each presses a link or button that says data-key="c", on the page or
// in the row that has the focus, or focuses a field that says so: what a key may do is up to
// the server, which also switches them off, by <html data-shortcuts="off">.
(() => {
  'use strict';

  const patience = 1500; // milliseconds from the first of two keys to the second
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
  const off = () => document.documentElement.dataset.shortcuts === 'off';

  const usable = (element) => !element.disabled && !element.closest('[hidden]');
  const keyed = (key, root) => $$(`[data-key="${CSS.escape(key)}"]`, root).filter(usable);
  const rows = () => $$('main [data-row]').filter((row) => row.querySelector('a[href]'));
  const rowNow = () => document.activeElement?.closest('[data-row]');

  // The element that a key presses now. What is done to rows is never done to the page that
  // they are on while one of them has the focus.
  const done = ['e', 'y', '#'];
  function pressedBy(key) {
    const row = rowNow();
    if (row && done.includes(key)) return keyed(key, row)[0];
    return keyed(key).find((element) => !element.closest('[data-row]'));
  }

  function press(element) {
    if (!element) return false;
    if (element.matches('input')) {
      element.focus();
      element.select();
    } else element.click();
    return true;
  }

  function step(by) {
    const all = rows(), at = all.indexOf(rowNow());
    const next = at < 0 ? startOf(all, by) : all[at + by];
    next?.querySelector('a[href]').focus();
    return all.length > 0;
  }

  // where one starts: at the first row that is wholly in sight, or the last, upwards
  function startOf(all, by) {
    const { scrollPaddingBlockStart: above, scrollPaddingBlockEnd: below } = getComputedStyle(document.documentElement);
    const seen = all.filter((row) => {
      const { top, bottom } = row.getBoundingClientRect();
      return top >= (parseFloat(above) || 0) && bottom <= innerHeight - (parseFloat(below) || 0);
    });
    return (seen.length ? seen : all).at(by > 0 ? 0 : -1);
  }

  // ---- keys ----

  const typing = 'input:not([type="radio"], [type="checkbox"]), textarea, select, [contenteditable]:not([contenteditable="false"])';
  let first = { key: '', at: 0 };

  function act(key, at) {
    const before = at - first.at < patience ? first.key + ' ' : '';
    first = { key: '', at: 0 };
    if (before && press(pressedBy(before + key))) return true;
    if (key === 'j') return step(1);
    if (key === 'k') return step(-1);
    if (document.querySelector(`[data-key^="${CSS.escape(key)} "]`)) {
      first = { key, at };
      return true;
    }
    return press(pressedBy(key));
  }

  document.addEventListener('keydown', (event) => {
    const { key, target } = event;
    if (off() || event.defaultPrevented || event.isComposing || event.ctrlKey || event.altKey || event.metaKey) return;
    if (key.length !== 1 || target.closest?.(typing) || document.querySelector('dialog[open]')) return;
    const plain = event.shiftKey ? key : key.toLowerCase(); // with Caps Lock, too
    if (event.repeat && plain !== 'j' && plain !== 'k') return;
    if (act(plain, event.timeStamp)) event.preventDefault();
  });

  // ---- the sheet: of all shortcuts, those that this page has ----

  const here = (keys) => (['j', 'k', 'Enter'].includes(keys) ? rows().length > 0 : keyed(keys).length > 0);

  document.addEventListener('console:dialog', ({ detail: dialog }) => {
    if (!dialog.querySelector('.keys')) return;
    dialog.setAttribute('role', 'dialog');
    for (const entry of $$('[data-for]', dialog)) entry.hidden = !here(entry.dataset.for);
    for (const group of $$('.keys > section', dialog)) group.hidden = !group.querySelector('[data-for]:not([hidden])');
    for (const note of $$('[data-for-rows]', dialog)) note.hidden = rows().length === 0 || !done.some(here);
  });

  // ---- what is read out of an element: its key, where it is one key and on ----

  function tell() {
    if (off()) return;
    for (const element of $$('[data-key]')) {
      if (element.dataset.key.length === 1 && !element.closest('[data-row]')) element.setAttribute('aria-keyshortcuts', element.dataset.key);
    }
  }
  document.addEventListener('htmx:after:swap', tell);
  tell();
})();
