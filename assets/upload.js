// Sends chosen or dropped files to the API, one after the other, and shows how far each one is.
(() => {
  const zoneOf = (event) => event.target.closest?.("[data-upload]");

  document.addEventListener("change", (event) => {
    const zone = zoneOf(event);
    if (!zone || event.target.type !== "file") return;
    send(zone, [...event.target.files]);
    event.target.value = "";
  });
  document.addEventListener("dragover", (event) => {
    const zone = zoneOf(event);
    if (!zone) return;
    event.preventDefault();
    zone.classList.add("over");
  });
  document.addEventListener("dragleave", (event) => zoneOf(event)?.classList.remove("over"));
  document.addEventListener("drop", (event) => {
    const zone = zoneOf(event);
    if (!zone) return;
    event.preventDefault();
    zone.classList.remove("over");
    send(zone, [...event.dataTransfer.files]);
  });

  async function send(zone, files) {
    const address = zone.dataset.upload;
    const rows = files.map((file) => row(file.name));
    for (const [n, file] of files.entries()) {
      const fault = await post(address, file, rows[n].progress);
      if (fault) rows[n].fail(fault);
      else rows[n].done();
      document.getElementById(zone.dataset.then)?.click();
    }
  }

  // Resolves to "" when the file was taken, else to why it was not, in the server's words.
  function post(address, file, progress) {
    return new Promise((resolve) => {
      const request = new XMLHttpRequest();
      const body = new FormData();
      body.append("file", file);
      request.open("POST", address);
      request.responseType = "json";
      request.upload.onprogress = (event) => event.lengthComputable && progress(event.loaded / event.total);
      request.onload = () => resolve(request.status < 300 ? "" : said(request));
      request.onerror = () => resolve("The connection was lost. Nothing was added; try again.");
      request.send(body);
    });
  }

  function said(request) {
    const problem = request.response ?? {};
    return problem.detail ?? `The server answered ${request.status}.`;
  }

  function row(name) {
    const item = document.createElement("li");
    item.className = "toast wide";
    const words = document.createElement("span");
    words.className = "grow anyw";
    words.textContent = `Sending ${name}`;
    const bar = document.createElement("div");
    bar.className = "bar go";
    const filled = document.createElement("i");
    filled.style.width = "0";
    bar.append(filled);
    item.append(words, bar);
    document.getElementById("uploads")?.append(item);
    return {
      progress: (part) => { filled.style.width = `${Math.round(part * 100)}%`; },
      done: () => item.remove(),
      fail: (why) => {
        item.setAttribute("role", "alert");
        words.textContent = `${name} was not added. ${why}`;
        const dismiss = document.createElement("button");
        dismiss.type = "button";
        dismiss.className = "btn q s";
        dismiss.textContent = "Dismiss";
        dismiss.onclick = () => item.remove();
        bar.replaceWith(dismiss);
      },
    };
  }
})();
