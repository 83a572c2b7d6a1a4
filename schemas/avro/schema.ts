// Avro 1.12 schemas as the resolution rules see them: names resolved, every node knowing where it stands in its file.

export type Primitive = 'null' | 'boolean' | 'int' | 'long' | 'float' | 'double' | 'bytes' | 'string'

/** `at` is the JSON pointer of the node within its schema. */
type Node = { at: string; logical: Logical | undefined }

export type Logical = { name: string; precision: number | undefined; scale: number | undefined }

/** `aliases` are full names. */
type Named = Node & { name: string; fullName: string; aliases: string[]; doc: string | undefined }

export type PrimitiveSchema = Node & { type: Primitive }
export type ArraySchema = Node & { type: 'array'; items: Schema }
export type MapSchema = Node & { type: 'map'; values: Schema }
export type UnionSchema = Node & { type: 'union'; branches: Schema[] }
export type FixedSchema = Named & { type: 'fixed'; size: number }
export type EnumSchema = Named & { type: 'enum'; symbols: string[]; default: string | undefined }
export type RecordSchema = Named & { type: 'record'; fields: Field[] }

export type Schema = PrimitiveSchema | ArraySchema | MapSchema | UnionSchema | FixedSchema | EnumSchema | RecordSchema

/** `default` is undefined when there is none: JSON has no undefined. */
export type Field = { name: string; at: string; aliases: string[]; doc: string | undefined; schema: Schema; default: Json | undefined }

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

export const PRIMITIVES: readonly Primitive[] = ['null', 'boolean', 'int', 'long', 'float', 'double', 'bytes', 'string']

/** Type as Avro's messages write it: RECORD. */
export const typeName = (schema: Schema): string => schema.type.toUpperCase()

/** The record's field of that name. */
export const fieldOf = (record: RecordSchema, name: string): Field | undefined => record.fields.find((field) => field.name === name)

/** What an error calls a schema: its full name, else its type. */
export const titleOf = (schema: Schema): string => ('fullName' in schema ? schema.fullName : schema.type)
