// "Try it" in the API reference: makes a call with the token that is typed, and shows what is answered.
// The token is kept in its fields only, and copied to the other forms of the page.
(() => {
  'use strict';
  const element = (name, text) => Object.assign(document.createElement(name), { textContent: text });

  document.addEventListener('input', ({ target }) => {
    if (!target.matches('[data-token]')) return;
    for (const field of document.querySelectorAll('[data-token]')) if (field !== target) field.value = target.value;
  });

  document.addEventListener('submit', async (event) => {
    const form = event.target;
    if (form.dataset.try === undefined) return;
    event.preventDefault();
    const button = form.querySelector('[type=submit]'), answer = form.querySelector('[data-answer]');
    button.disabled = true;
    try {
      answer.replaceChildren(...await send(form));
    } catch {
      answer.replaceChildren(element('p', 'The server can’t be reached. Check your connection, then try again.'));
    } finally {
      button.disabled = false;
    }
  });

  // send makes the call of a form, without the cookies of the page, and returns what to show.
  async function send(form) {
    let path = form.dataset.try;
    const query = new URLSearchParams();
    for (const { value, dataset } of form.querySelectorAll('[data-param]')) {
      if (dataset.in === 'path') path = path.replace(`{${dataset.param}}`, encodeURIComponent(value.trim()));
      else if (value !== '') query.append(dataset.param, value);
    }
    const token = form.querySelector('[data-token]').value.trim();
    const response = await fetch(query.size ? `${path}?${query}` : path, {
      headers: { Authorization: `Bearer ${token}`, Accept: 'application/json' }, credentials: 'omit', cache: 'no-store', redirect: 'error',
    });
    const headers = [...response.headers].map(([name, value]) => `${name}: ${value}`).join('\n');
    let body = await response.text();
    try {
      body = JSON.stringify(JSON.parse(body), null, 2);
    } catch { /* a proxy's page, as it is */ }
    const shown = element('details', '');
    shown.append(element('summary', 'Headers'), element('pre', headers));
    return [element('strong', `${response.status} ${response.statusText}`.trim()), shown, element('pre', body)];
  }
})();
