// Passkeys: a form[data-passkey="get|create"] asks the browser for one, by the question at
// its data-options, puts the answer into its [data-credential] and is sent. One with
// data-offer also offers passkeys where the email address is typed.
(() => {
  'use strict';

  const forms = () => document.querySelectorAll('form[data-passkey]');
  const able = window.PublicKeyCredential?.parseRequestOptionsFromJSON && PublicKeyCredential.prototype.toJSON;
  if (!able) {
    for (const form of forms()) form.hidden = true;
    return;
  }

  let offering; // the question that waits for somebody to choose a passkey by themselves

  async function question(form, signal) {
    const answer = await fetch(form.dataset.options, { method: 'POST', signal });
    if (!answer.ok) {
      location.reload(); // signed out, or asked to confirm: the page itself tells
      return new Promise(() => {});
    }
    return answer.json();
  }

  async function answer(form, mediation, signal) {
    const options = await question(form, signal);
    if (form.dataset.passkey === 'create') {
      return navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options), signal });
    }
    return navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options), mediation, signal });
  }

  function send(form, credential) {
    form.querySelector('[data-credential]').value = JSON.stringify(credential);
    const remember = document.querySelector('form:not([data-passkey]) [name="remember"]');
    if (remember && form.elements.remember) form.elements.remember.value = remember.checked ? 'yes' : '';
    form.submit();
  }

  const sentences = {
    NotAllowedError: 'No passkey was used. Try again.',
    InvalidStateError: 'This device already has a passkey for your account.',
  };

  async function use(form) {
    const trouble = form.querySelector('[data-passkey-trouble]');
    trouble.textContent = '';
    form.ariaBusy = 'true';
    offering?.abort();
    try {
      send(form, await answer(form));
    } catch (error) {
      form.ariaBusy = null;
      trouble.textContent = sentences[error.name] ?? "The passkey couldn't be used here.";
    }
  }

  async function offer(form) {
    if (!await PublicKeyCredential.isConditionalMediationAvailable?.()) return;
    offering = new AbortController();
    try {
      send(form, await answer(form, 'conditional', offering.signal));
    } catch { /* nobody chose one */ }
  }

  // Before the other scripts, which would take the form for sent.
  document.addEventListener('submit', (event) => {
    const form = event.target.closest('form[data-passkey]');
    if (!form) return;
    event.preventDefault();
    if (form.ariaBusy !== 'true') use(form);
  }, { capture: true });

  for (const form of forms()) if (form.dataset.offer !== undefined) offer(form);
})();
