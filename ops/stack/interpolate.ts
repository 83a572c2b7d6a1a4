// Compose's ${VARIABLE} substitution: ${V} $V ${V:-default} ${V-default} ${V:?error} ${V?error} ${V:+other} ${V+other} and $$.
import { StackError } from './errors.ts'

const VARIABLE =
  /\$(?:(?<escaped>\$)|(?<bare>[A-Za-z_]\w*)|\{(?<name>[A-Za-z_]\w*)(?:(?<operator>:?[-?+])(?<operand>(?:[^{}]|\{[^{}]*\})*))?\})/g

/** Substitutes variables in one text; an operand may hold variables itself. */
export function interpolate(text: string, variable: (name: string, otherwise?: string) => string | undefined): string {
  return text.replace(VARIABLE, (...args) => {
    const { escaped, bare, name, operator, operand = '' } = args.at(-1) as Record<string, string | undefined>
    if (escaped) return '$'
    const key = bare ?? name ?? ''
    const value = variable(key)
    const set = operator?.startsWith(':') ? value !== undefined && value !== '' : value !== undefined
    switch (operator?.at(-1)) {
      case '-':
        return set ? (value ?? '') : (variable(key, interpolate(operand, variable)) ?? '')
      case '?':
        if (!set) throw new StackError(`${key} is not set: ${operand || 'compose.yaml needs it'}`)
        return value ?? ''
      case '+':
        return set ? interpolate(operand, variable) : ''
      default:
        return value ?? ''
    }
  })
}

/** Substitutes in every string of a parsed document; keys stay as they are. */
export function interpolateAll<T>(node: T, variable: (name: string, otherwise?: string) => string | undefined): T {
  if (typeof node === 'string') return interpolate(node, variable) as T
  if (Array.isArray(node)) return node.map((entry) => interpolateAll(entry, variable)) as T
  if (node === null || typeof node !== 'object') return node
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, interpolateAll(value, variable)])) as T
}

/**
 * The variables of one stack: `*_PORT` are ports on this machine, and all of them move by `portOffset`, given or by default.
 */
export function stackVariables(env: Record<string, string | undefined>, portOffset: number) {
  return (name: string, otherwise?: string): string | undefined => {
    const value = otherwise ?? env[name]
    return value !== undefined && name.endsWith('_PORT') && /^\d+$/.test(value) ? String(Number(value) + portOffset) : value
  }
}
