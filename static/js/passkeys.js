// Passkeys: a form[data-passkey="get|create"] asks the browser for one with the options from its
// data-options, puts it into its [data-credential] and is submitted. With data-offer, the email
// field also offers passkeys.
(() => {
  'use strict';

  const forms = () => document.querySelectorAll('form[data-passkey]');
  const able = window.PublicKeyCredential?.parseRequestOptionsFromJSON && PublicKeyCredential.prototype.toJSON;
  if (!able) {
    for (const form of forms()) form.hidden = true;
    return;
  }

  let offering; // the pending offer of passkeys in the email field

  async function optionsOf(form, signal) {
    const answer = await fetch(form.dataset.options, { method: 'POST', signal });
    if (!answer.ok) {
      location.reload(); // signed out, or confirmation needed: the page itself shows it
      return new Promise(() => {});
    }
    return answer.json();
  }

  async function credential(form, mediation, signal) {
    const options = await optionsOf(form, signal);
    if (form.dataset.passkey === 'create') {
      return navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options), signal });
    }
    return navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options), mediation, signal });
  }

  function send(form, passkey) {
    form.querySelector('[data-credential]').value = JSON.stringify(passkey);
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
      send(form, await credential(form));
    } catch (error) {
      form.ariaBusy = null;
      trouble.textContent = sentences[error.name] ?? "The passkey couldn't be used here.";
    }
  }

  async function offer(form) {
    if (!await PublicKeyCredential.isConditionalMediationAvailable?.()) return;
    offering = new AbortController();
    try {
      send(form, await credential(form, 'conditional', offering.signal));
    } catch { /* none was chosen */ }
  }

  // Before other scripts, which would treat the form as submitted.
  document.addEventListener('submit', (event) => {
    const form = event.target.closest('form[data-passkey]');
    if (!form) return;
    event.preventDefault();
    if (form.ariaBusy !== 'true') use(form);
  }, { capture: true });

  for (const form of forms()) if (form.dataset.offer !== undefined) offer(form);
})();
