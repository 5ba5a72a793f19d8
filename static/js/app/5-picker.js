// The member picker.

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
