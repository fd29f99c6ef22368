// @ts-check
/** The bank has its answer: the page that shows this frame goes on. */
parent.postMessage("answered", "*");
