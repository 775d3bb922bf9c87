// Tables in boxes that scroll can be sorted: click a heading, and numbers fall at first, names rise.

/** What a row is sorted by; "" where a column has nothing for it. */
function valueOf(row, column) {
  return row.cells[column].dataset.value;
}

/** Less than 0 if `one` goes first. What has no value goes last, whichever way the others go. */
function order(one, two, numbers, falling) {
  if (one === "" || two === "") return (one === "") - (two === "");
  const apart = numbers ? one - two : one.localeCompare(two);
  return falling ? -apart : apart;
}

function sort(table, head, column) {
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const numbers = rows.every((row) => !isNaN(valueOf(row, column)));
  const sorted = head.getAttribute("aria-sort");
  const falling = sorted ? sorted === "ascending" : numbers;
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", falling ? "descending" : "ascending");
  rows.sort((one, two) => order(valueOf(one, column), valueOf(two, column), numbers, falling));
  body.append(...rows);
}

for (const table of document.querySelectorAll(".wide table")) {
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    head.querySelector("button").addEventListener("click", () => sort(table, head, column));
  });
}
