// Search in a folder without a server: a page opened as a file may not start a worker, so a hidden frame does its work.
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    constructor(address) {
      super();
      this.frame = document.createElement("iframe");
      this.frame.hidden = true;
      document.body.append(this.frame);
      window.addEventListener("message", (event) => {
        if (event.source !== this.frame.contentWindow) return;
        const told = new MessageEvent("message", { data: event.data });
        this.dispatchEvent(told);
        if (this.onmessage) this.onmessage(told);
      });
      const inside = this.frame.contentWindow.document;
      inside.open();
      inside.write(
        "<script>window.postMessage = (data) => parent.postMessage(data, '*');" +
        "window.importScripts = (...files) => files.reduce((before, file) => before.then(() => new Promise((done) => {" +
        "const script = document.createElement('script'); script.src = file; script.onload = done; document.body.append(script); })), Promise.resolve());" +
        "</" + "script><body><script src='" + address + "'></" + "script></body>"
      );
      inside.close();
      this.ready = new Promise((done) => { this.frame.onload = done; });
    }
    postMessage(data) {
      this.ready.then(() => this.frame.contentWindow.dispatchEvent(new MessageEvent("message", { data })));
    }
    terminate() { this.frame.remove(); }
  };
}
