// Avro's names: full names from names and namespaces, and what a name may look like.

/** A schema that Avro does not accept; `at` is the JSON pointer of the fault. */
export class InvalidSchema extends Error {
  override name = 'InvalidSchema'
  readonly at: string
  constructor(message: string, at: string) {
    super(message)
    this.at = at
  }
}

export type Name = { name: string; namespace: string; fullName: string }

/** A dot in the name makes it a full name, whatever the namespace says. */
export function nameFrom(given: string, namespace: string): Name {
  const dot = given.lastIndexOf('.')
  const [space, name] = dot < 0 ? [namespace, given] : [given.slice(0, dot), given.slice(dot + 1)]
  return { name, namespace: space, fullName: space === '' ? name : `${space}.${name}` }
}

/** @throws InvalidSchema for what is not a letter or _ followed by letters, digits and _ */
export function checkName(name: string, at: string): void {
  if (name === '') throw new InvalidSchema('Empty name', at)
  if (!/^[\p{L}_]/u.test(name)) throw new InvalidSchema(`Illegal initial character: ${name}`, at)
  if (!/^[\p{L}\p{Nd}_]*$/u.test(name)) throw new InvalidSchema(`Illegal character in: ${name}`, at)
}
