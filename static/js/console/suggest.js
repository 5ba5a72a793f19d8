// Suggestions for a search box with data-suggest: a combobox with the operators and values of the
// search language, which the server makes from the parser's own table; data-suggest is their address, and
// they are fetched once the box has the focus. The word at the caret decides what fits. Without this file the box
// is an ordinary one.
(() => {
  'use strict';

  const shortest = 2; // letters of an operator before it is suggested unasked
  let at = -1; // the option that is active among those shown
  let open = false;
  let by; // how the list was asked for: 'typed', or 'key' for all that fits

  const box = () => document.querySelector('[data-suggest]');
  const shown = (list) => [...list.children].filter((option) => !option.hidden);

  function make(name, attributes, ...inside) {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...inside);
    return element;
  }

  let all, fetching; // the list, and what brings it

  // listOf returns the box's list, which a morph may have removed; null until it has arrived.
  function listOf(input) {
    if (!all) {
      fetching ??= fetch(input.dataset.suggest).then((answer) => answer.json()).then((suggestions) => {
        all = make('ul', { role: 'listbox', class: 'options', id: 'suggestions', 'aria-label': 'Search syntax', hidden: '' },
          ...suggestions.map(([text, words], i) => make('li', { role: 'option', id: `suggestion-${i}`, 'data-text': text },
            make('code', {}, text), make('small', {}, words))));
        update();
      }).catch(() => { fetching = null; }); // it is asked for again later
      return null;
    }
    if (!all.isConnected) input.after(all);
    return all;
  }

  // wordAt returns the word before the caret and where it begins; null within quotes.
  function wordAt({ value, selectionStart }) {
    const before = value.slice(0, selectionStart);
    if (before.split('"').length % 2 === 0) return null;
    const start = before.search(/\S*$/);
    return { start, text: before.slice(start).toLowerCase() };
  }

  function fits(text, suggestion) {
    const operator = suggestion.endsWith(':');
    return suggestion !== text && suggestion.startsWith(text) && operator !== text.includes(':');
  }

  // update shows what fits the word at the caret, or, if the list is not asked for, hides all. Without
  // asked it is shown again as it was.
  function update(asked) {
    if (asked !== undefined) by = asked;
    const input = box(), list = input && listOf(input);
    if (!list) return;
    const word = document.activeElement === input && by ? wordAt(input) : null;
    const enough = word && (by === 'key' || word.text.length >= shortest);
    for (const option of list.children) option.hidden = !(enough && fits(word.text, option.dataset.text));
    open = shown(list).length > 0;
    list.hidden = !open;
    for (const [name, value] of Object.entries({ role: 'combobox', 'aria-autocomplete': 'list', 'aria-expanded': open, 'aria-controls': list.id })) input.setAttribute(name, value);
    move(input, list, open && asked === undefined ? at : -1);
  }

  function move(input, list, to) {
    const options = shown(list);
    at = to < options.length ? to : -1;
    for (const option of list.children) option.setAttribute('aria-selected', option === options[at]);
    if (at < 0) return input.removeAttribute('aria-activedescendant');
    input.setAttribute('aria-activedescendant', options[at].id);
    options[at].scrollIntoView({ block: 'nearest' });
  }

  // choose puts a suggestion in place of the word; after an operator its values are next.
  function choose(input, option) {
    const { start } = wordAt(input), { text } = option.dataset;
    const end = input.value.slice(input.selectionStart).match(/^\S*\s?/)[0].length + input.selectionStart;
    const operator = text.endsWith(':');
    input.setRangeText(operator ? text : text + ' ', start, end, 'end');
    input.dispatchEvent(new Event('input', { bubbles: true }));
    update(operator ? 'key' : false);
  }

  document.addEventListener('input', (event) => { if (event.target.matches?.('[data-suggest]')) update('typed'); });
  document.addEventListener('keydown', (event) => {
    const input = event.target;
    if (!input.matches?.('[data-suggest]') || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    const list = listOf(input), options = list && open ? shown(list) : [], n = options.length;
    const go = {
      ArrowDown: () => { if (!n) update('key'); move(input, list, n ? (at + 1) % n : 0); },
      ArrowUp: n && (() => move(input, list, (at <= 0 ? n : at) - 1)),
      Enter: at >= 0 && n && (() => choose(input, options[at])),
      Escape: n && (() => update(false)),
    }[event.key];
    if (event.key === 'Enter' && !go) update(false);
    if (!go || !list) return;
    event.preventDefault();
    event.stopPropagation();
    go();
  }, true);
  document.addEventListener('mousedown', (event) => { if (event.target.closest?.('#suggestions')) event.preventDefault(); }); // the box keeps the focus
  document.addEventListener('click', (event) => {
    const option = event.target.closest?.('#suggestions [role="option"]');
    if (option) choose(box(), option);
  });
  document.addEventListener('focusin', (event) => { if (event.target.matches?.('[data-suggest]')) update(false); });
  document.addEventListener('focusout', (event) => { if (event.target.matches?.('[data-suggest]')) update(false); });
  document.addEventListener('htmx:after:swap', () => update(open ? undefined : false)); // the morph took the list, which a late answer must not close
})();
