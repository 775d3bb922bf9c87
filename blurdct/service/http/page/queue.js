// Tasks in the order they came, so many at once.

export class Queue {
  #waiting = [];
  #running = 0;
  #width;

  constructor(width) {
    this.#width = width;
  }

  /** A task is a function that returns a promise, and sees to its errors itself. */
  add(task) {
    this.#waiting.push(task);
    this.#next();
  }

  /** Forget what has not begun. */
  clear() {
    this.#waiting = [];
  }

  async #next() {
    if (this.#running >= this.#width || !this.#waiting.length) return;
    this.#running++;
    try {
      await this.#waiting.shift()();
    } finally {
      this.#running--;
      this.#next();
    }
  }
}
