// Load order: require.js, this file, embed-amd.js.
// Modules and fonts lie beside this script, however deep the page is.
window.requirejs.config({ baseUrl: new URL(".", document.currentScript.src).href });
// ipywidgets 8 asks for MathJax 2's queue; the book has MathJax 3.
(function () {
  const hub = {
    Queue: (job) => job && window.MathJax.typesetPromise && window.MathJax.typesetPromise([job[2]]),
  };
  const mathjax = (window.MathJax = window.MathJax || {});
  mathjax.Hub = hub;
  mathjax.startup = Object.assign({}, mathjax.startup, {
    ready() {
      window.MathJax.startup.defaultReady();
      window.MathJax.Hub = hub;
    },
  });
})();
