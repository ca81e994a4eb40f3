/**
 * The conversation with a worker: it is started with something, answers questions in the order in
 * which they are asked, and closes. Errors cross it, and a worker that breaks down fails whatever
 * was asked.
 *
 * Questions wait in the worker's message queue, so a worker that is asked ahead never waits for the
 * thread that asks.
 * @module
 */
import { type ErrorRecord, recordError, restoreError } from "../error_record.ts";
import { listen, startThread, type Thread } from "../platform/worker.ts";

/** What a worker can be asked: for each kind of question, the question and its answer. */
export type Topics = Readonly<Record<string, readonly [question: unknown, answer: unknown]>>;

type Question<T extends Topics, K extends keyof T> = T[K][0];
type Answer<T extends Topics, K extends keyof T> = T[K][1];

/** A message to a worker. */
type Request<T extends Topics, S> =
  | { readonly type: "start"; readonly setup: S }
  | { readonly type: "ask"; readonly kind: keyof T; readonly question: Question<T, keyof T> }
  | { readonly type: "close" };

/** A message from a worker; there is one for each message to it, in the same order. */
type Reply =
  | { readonly type: "answer"; readonly answer?: unknown }
  | { readonly type: "error"; readonly error: ErrorRecord };

/** A worker that cannot be started because its setup cannot cross threads. */
export class UnclonableSetup extends Error {
  /** Name of the class. */
  override name = "UnclonableSetup";
}

/** How a worker is called. */
export interface ChannelOptions {
  /** Name of the worker, for debuggers. */
  readonly name: string;
  /**
   * Makes the error of a worker that broke down.
   * @param reason What the system says of it.
   */
  lost(reason: string): unknown;
}

/** The end of the conversation from which a worker is started and asked. */
export class WorkerChannel<T extends Topics, S> {
  /** Resolves when the worker is ready; rejects where it cannot start. Need not be handled. */
  readonly ready: Promise<void>;
  readonly #thread: Thread;
  readonly #options: ChannelOptions;
  /** Messages that wait for their reply, the oldest first. */
  readonly #waiting: PromiseWithResolvers<unknown>[] = [];
  #failure: unknown;
  #closing: Promise<void> | undefined;

  /**
   * Starts a worker.
   * @param url Its module, which calls {@linkcode serve}.
   * @param setup What it is started with.
   * @param options How it is called.
   * @throws {UnclonableSetup} if the setup cannot be sent to it.
   */
  constructor(url: URL, setup: S, options: ChannelOptions) {
    this.#options = options;
    this.#thread = startThread(url, options.name, {
      message: (data) => this.#receive(data as Reply),
      failed: (reason) => this.#fail(reason),
    });
    try {
      this.ready = this.#send({ type: "start", setup }) as Promise<void>;
    } catch (cause) {
      this.#thread.end();
      throw new UnclonableSetup("Cannot start a worker: its setup cannot be cloned", { cause });
    }
    this.ready.catch(() => {}); // whoever asks hears it, too
  }

  /** Whether the worker broke down: it answers nothing any more. */
  get failed(): boolean {
    return this.#failure !== undefined;
  }

  /**
   * Asks the worker.
   * @param kind What is asked.
   * @param question The question.
   * @param transfer Memory that moves to the worker with it.
   * @returns The answer; rejects with the error that the worker threw, or broke down with.
   * @throws {Error} if the question cannot be cloned, or the worker is closed.
   */
  ask<K extends keyof T>(
    kind: K,
    question: Question<T, K>,
    transfer: Transferable[] = [],
  ): Promise<Answer<T, K>> {
    if (this.#closing) throw new Error(`Cannot ask the ${this.#options.name}: it is closed`);
    return this.#send({ type: "ask", kind, question }, transfer);
  }

  /**
   * Ends the worker when it has answered; closing twice is fine.
   * @returns When it has closed; rejects with the error that it threw meanwhile.
   */
  close(): Promise<void> {
    return this.#closing ??= this.#end();
  }

  async #end(): Promise<void> {
    if (this.failed) return;
    try {
      await this.#send({ type: "close" });
    } catch (error) {
      if (!this.failed) throw error;
    } finally {
      this.#thread.end();
    }
  }

  #send(request: Request<T, S>, transfer: Transferable[] = []): Promise<unknown> {
    if (this.#failure) return Promise.reject(this.#failure);
    this.#thread.post(request, transfer);
    const waiting = Promise.withResolvers<unknown>();
    this.#waiting.push(waiting);
    return waiting.promise;
  }

  #receive(reply: Reply): void {
    const waiting = this.#waiting.shift();
    if (reply.type === "error") waiting?.reject(restoreError(reply.error));
    else waiting?.resolve(reply.answer);
  }

  #fail(reason: string): void {
    this.#failure = this.#options.lost(reason);
    this.#thread.end();
    for (const { reject } of this.#waiting.splice(0)) reject(this.#failure);
  }
}

/** An answer, and memory that moves with it. */
export interface Answered<A> {
  /** The answer. */
  readonly answer: A;
  /** Memory that moves to the thread that asked. */
  readonly transfer?: Transferable[];
}

/** What a worker does. */
export interface Service<T extends Topics, S, R> {
  /**
   * Makes ready. Where it throws, every question is answered with that error.
   * @param setup What the worker is started with.
   * @returns What questions are answered with.
   */
  start(setup: S): Promise<R>;
  /**
   * Answers, by kind. A question is handed over as it arrives: what it needs besides the others can
   * begin at once, what has to wait for them awaits `before`.
   */
  readonly answer: {
    readonly [K in keyof T]: (
      question: Question<T, K>,
      ready: R,
      before: Promise<void>,
    ) => Promise<Answered<Answer<T, K>>>;
  };
  /**
   * Releases what is held, when all is answered.
   * @param ready What questions were answered with.
   */
  close(ready: R): Promise<void>;
}

/**
 * Answers the questions of the thread that started this worker.
 * @param service What the worker does.
 */
export function serve<T extends Topics, S, R>(service: Service<T, S, R>): void {
  const started = Promise.withResolvers<R>();
  started.promise.catch(() => {}); // the reply to the start says so
  let last: Promise<void> = Promise.resolve();

  const work = async (
    request: Request<T, S>,
    before: Promise<void>,
  ): Promise<Answered<unknown>> => {
    switch (request.type) {
      case "start":
        started.resolve(Promise.try(() => service.start(request.setup)));
        await started.promise;
        return { answer: undefined };
      case "ask": {
        const ready = await started.promise;
        return await service.answer[request.kind](request.question, ready, before);
      }
      case "close": {
        await before;
        const ready = await started.promise.catch(() => undefined);
        if (ready !== undefined) await service.close(ready);
        return { answer: undefined };
      }
    }
  };

  const reply = async (working: Promise<Answered<unknown>>, before: Promise<void>) => {
    try {
      const { answer, transfer = [] } = await working;
      await before; // the other side counts on the order
      send({ type: "answer", answer }, transfer);
    } catch (error) {
      await before;
      send({ type: "error", error: recordError(error) }, []);
    }
  };

  const send = listen((data) => {
    const before = last;
    last = reply(work(data as Request<T, S>, before), before);
  });
}
