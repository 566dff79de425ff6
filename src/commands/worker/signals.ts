/** Signals of a process that drains: the first one ends it kindly, the second at once, the third as the system does. */
export interface Signals {
  /** The first that came. */
  readonly first: 'SIGINT' | 'SIGTERM' | undefined;
  forget(): void;
}

const names = ['SIGINT', 'SIGTERM'] as const;

/** Listens beside whoever else does; `onSecond` is told of the second signal. */
export function hearSignals(process: NodeJS.Process, onSecond: () => void): Signals {
  let first: Signals['first'];
  const ears = names.map((name) => () => {
    if (first === undefined) first = name;
    else {
      forget();
      onSecond();
    }
  });
  const forget = (): void => names.forEach((name, index) => void process.off(name, ears[index]!));
  names.forEach((name, index) => void process.on(name, ears[index]!));
  return {
    get first() {
      return first;
    },
    forget,
  };
}
