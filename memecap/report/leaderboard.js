"use strict";
const data = JSON.parse(document.getElementById("data").textContent);

function make(tag, properties, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

function best(board, column) {
  const { better } = board.columns[column];
  if (better === "neither") return null;
  const numbers = board.rows.filter((row) => !row.floor).map((row) => Number(row.cells[column][0]));
  return better === "lower" ? Math.min(...numbers) : Math.max(...numbers);
}

function line(board, row, bests) {
  const head = make("th", { scope: "row", textContent: row.label });
  if (row.note) head.append(make("small", { textContent: " " + row.note }));
  const cells = row.cells.map(([value, ends], column) => {
    const is_best = !row.floor && bests[column] !== null && Number(value) === bests[column];
    const shown = make("td", { className: is_best ? "best" : "" }, value);
    if (ends) shown.append(make("small", { textContent: ends }));
    return shown;
  });
  return make("tr", { className: row.floor ? "floor" : "captioner" }, head, ...cells);
}

function show(board) {
  const bests = board.columns.map((_, column) => best(board, column));
  const body = make("tbody", {}, ...board.rows.map((row) => line(board, row, bests)));
  const arrows = { higher: " ↑", lower: " ↓", neither: "" };
  const heads = board.columns.map((column, place) => {
    const button = make("button", { type: "button", textContent: column.label + arrows[column.better] });
    const head = make("th", { scope: "col" }, button);
    button.addEventListener("click", () => {
      const sign = column.better === "lower" ? 1 : -1;
      const order = [...board.rows].sort((a, b) => sign * (Number(a.cells[place][0]) - Number(b.cells[place][0])));
      body.replaceChildren(...order.map((row) => line(board, row, bests)));
      heads.forEach((one) => one.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", sign === 1 ? "ascending" : "descending");
    });
    return head;
  });
  const table = make("table", {}, make("caption", { className: "hint", textContent: `Картинок: ${board.n}` }),
    make("thead", {}, make("tr", {}, make("th", { scope: "col", textContent: "Система" }), ...heads)), body);
  const scroll = make("div", { className: "scroll" }, table);
  const signature = make("details", { className: "signature" }, make("summary", { textContent: "Как посчитано: сигнатура протокола" }), make("p", { textContent: board.signature }));
  return make("section", {}, make("h2", { textContent: board.title }), scroll, signature);
}

document.getElementById("boards").append(...data.boards.map(show));
