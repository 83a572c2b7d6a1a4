// Sets of positions against a plain set of numbers.

import { expect } from 'chai'
import fc from 'fast-check'
import type { Positions } from '../letters/positions.ts'
import {
  addPositions,
  countPositions,
  cutPositions,
  hasPosition,
  positionRanges,
  positionsOf,
  removePositions,
  sizeOf,
  split,
} from '../letters/positions.ts'

const additions = fc.array(fc.record({ partition: fc.nat(1), from: fc.nat(60), length: fc.integer({ min: 1, max: 9 }) }))

describe('positions', () => {
  it('hold exactly what was added, as ranges that do not touch', () => {
    fc.assert(
      fc.property(additions, (added) => {
        const positions: Positions = new Map()
        const plain = new Set<string>()
        for (const { partition, from, length } of added) {
          addPositions(positions, partition, BigInt(from), BigInt(from + length))
          for (let offset = from; offset < from + length; offset += 1) plain.add(`${partition}/${offset}`)
        }
        for (const partition of [0, 1]) {
          for (let offset = 0; offset < 75; offset += 1) {
            expect(hasPosition(positions, partition, BigInt(offset))).to.equal(plain.has(`${partition}/${offset}`))
          }
          const ranges = positionRanges(positions).filter((range) => range.partition === partition)
          for (const [i, range] of ranges.entries()) expect(i === 0 || range.from > (ranges[i - 1]?.next ?? 0n)).to.equal(true)
        }
        expect(countPositions(positions)).to.equal(plain.size)
      }),
    )
  })

  it('tell of a range what is in and what is not', () => {
    fc.assert(
      fc.property(additions, fc.nat(60), fc.integer({ min: 1, max: 15 }), (added, from, length) => {
        const positions: Positions = new Map()
        for (const { partition, from: start, length: size } of added)
          addPositions(positions, partition, BigInt(start), BigInt(start + size))
        const range = { partition: 0, from: BigInt(from), next: BigInt(from + length) }
        const { inside, outside } = split(range, positions)
        for (let offset = from; offset < from + length; offset += 1) {
          const known = hasPosition(positions, 0, BigInt(offset))
          expect(hasPosition(positionsOf(inside), 0, BigInt(offset))).to.equal(known)
          expect(hasPosition(positionsOf(outside), 0, BigInt(offset))).to.equal(!known)
        }
        expect(sizeOf([...inside, ...outside])).to.equal(length)
      }),
    )
  })

  it('lose what is taken out, and nothing else', () => {
    fc.assert(
      fc.property(additions, additions, (added, removed) => {
        const positions: Positions = new Map()
        for (const { partition, from, length } of added) addPositions(positions, partition, BigInt(from), BigInt(from + length))
        const before = Array.from({ length: 75 }, (_, offset) => hasPosition(positions, 0, BigInt(offset)))
        for (const { partition, from, length } of removed)
          removePositions(positions, { partition, from: BigInt(from), next: BigInt(from + length) })
        const isOut = (offset: number) =>
          removed.some(({ partition, from, length }) => partition === 0 && from <= offset && offset < from + length)
        for (const [offset, was] of before.entries()) {
          expect(hasPosition(positions, 0, BigInt(offset))).to.equal(was && !isOut(offset))
        }
      }),
    )
  })

  it('are cut into a first list and lists of one size, nothing twice, nothing left out', () => {
    fc.assert(
      fc.property(additions, fc.nat(5), fc.integer({ min: 1, max: 20 }), (added, first, size) => {
        const positions: Positions = new Map()
        for (const { partition, from, length } of added) addPositions(positions, partition, BigInt(from), BigInt(from + length))
        const cuts = cutPositions(positions, first, size)
        const counts = cuts.map((ranges) => countPositions(positionsOf(ranges)))
        expect(counts.reduce((sum, n) => sum + n, 0)).to.equal(countPositions(positions))
        expect(countPositions(positionsOf(cuts.flat()))).to.equal(countPositions(positions))
        for (const [i, n] of counts.slice(0, -1).entries()) expect(n).to.equal(i === 0 && first > 0 ? first : size)
      }),
    )
  })
})
