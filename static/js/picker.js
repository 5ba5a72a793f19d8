// The member picker: a combobox with options from the server, in place of a field with a "Find" button.
//
//   data-picker="address"  finds options     data-noun="group"   what is picked, if it isn't contacts
//   data-find              the field         data-chosen         the list of what is selected
//   data-tally             says how many     data-new            the form that creates a contact
//   data-drop              removes its item from the list

let tools;
const pickers = new WeakMap();

// upgrade makes a picker of an element, once.
export function upgrade(picker, given) {
  tools = given;
  if (pickers.has(picker)) return;
  const { $ } = tools, input = $('[data-find]', picker), list = $('[role="listbox"]', picker);
  for (const [name, value] of Object.entries({ role: 'combobox', 'aria-autocomplete': 'list', 'aria-expanded': 'false', 'aria-controls': list.id })) input.setAttribute(name, value);
  const state = { input, list, at: -1, timer: 0, asking: null };
  pickers.set(picker, state);
  picker.addEventListener('input', ({ target }) => { if (target === input) askSoon(picker, state); });
  picker.addEventListener('change', ({ target }) => { if (target.closest('.pasted')) changed(picker, tally(picker)); });
  picker.addEventListener('keydown', (event) => keyed(event, picker, state));
  picker.addEventListener('click', (event) => clicked(event, picker, state));
  picker.addEventListener('focusout', ({ relatedTarget }) => {
    if (!picker.contains(relatedTarget)) setTimeout(() => { if (document.activeElement !== input) show(state, false); }, 200);
  });
  if (input.value !== input.defaultValue) askSoon(picker, state); // somebody was faster
}

const options = ({ list }) => tools.$$('[role="option"]', list);
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

// ---- finding ----

function askSoon(picker, state) {
  clearTimeout(state.timer);
  state.timer = setTimeout(() => ask(picker, state), 150);
}

async function ask(picker, state) {
  const { $, $$, parse, say } = tools;
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
      return tools.signIn({ form: picker.closest('form') });
    }
    if (!response.ok) return tools.showRefusal(null, response.status, response);
    const html = await response.text();
    if (signal.aborted) return;
    state.list.replaceChildren(...parse(html).body.childNodes);
    for (const option of options(state)) if (option.dataset.id ? taken(picker, option.dataset.id) : !$('[data-new]', picker)) option.remove();
    const n = $$('[data-id]', state.list).length;
    show(state, true);
    say((n === 0 ? `No ${nounOf(picker)}s` : several(n, nounOf(picker))) + ' found', 300);
  } catch (error) {
    if (error.name !== 'AbortError') tools.showTrouble(tools.unreachable, '', () => ask(picker, state));
  }
}

// ---- selecting ----

const nounOf = (picker) => picker.dataset.noun ?? 'contact';
const several = (n, noun) => n === 1 ? `1 ${noun}` : `${n} ${noun}s`;
const taken = (picker, id) => tools.$$('[data-chosen] input', picker).some((input) => input.value === id);
const tally = (picker) => several(tools.$$('[data-chosen] > li, .pasted :checked:not([value=""])', picker).length, nounOf(picker)) + ' selected';

function choose(picker, state, option) {
  if (!option || option.ariaDisabled === 'true') return;
  const { $ } = tools, { id, name } = option.dataset;
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
  const form = tools.$('[data-new]', picker), [name, shown] = tools.$$('input', form);
  form.hidden = form.disabled = false;
  [name.value, shown.value, state.input.value] = [username, display, ''];
  show(state, false);
  tools.focus(shown);
  tools.count(name, true);
  tools.count(shown, true);
}

function drop(picker, button) {
  const { $, focus } = tools, item = button.closest('li');
  const name = $('.hide', button).textContent.replace(/^Remove /, '');
  const next = item.nextElementSibling ?? item.previousElementSibling;
  item.remove();
  focus(next ? $('[data-drop]', next) : pickers.get(picker).input);
  changed(picker, `${name} removed. ${tally(picker)}`);
}

function changed(picker, words) {
  for (const text of tools.$$('[data-tally]', picker)) text.textContent = tally(picker);
  picker.dispatchEvent(new Event('input', { bubbles: true }));
  tools.say(words);
}

// ---- keys and clicks ----

function keyed(event, picker, state) {
  const { $ } = tools, n = options(state).length;
  if (event.key === 'Enter' && event.target.matches('[data-new] input')) { // which would send the whole form
    event.preventDefault();
    return $('button', event.target.closest('[data-new]')).click();
  }
  if (event.target !== state.input || event.isComposing || event.ctrlKey || event.metaKey) return;
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
}

function clicked(event, picker, state) {
  const option = event.target.closest('[role="option"]'), button = event.target.closest('[data-drop]');
  if (option) choose(picker, state, option);
  if (!button) return;
  event.preventDefault();
  drop(picker, button);
}
