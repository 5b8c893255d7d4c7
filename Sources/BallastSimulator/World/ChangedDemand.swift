import BallastKernel
import BallastModel
import BallastTraces
import BallastUnits

/// Applies a scenario's `assume:` to its workloads, and owns the columns that come of it.
///
/// Rule      value × factor, rounded half up; percentages at most 100 %. Resampled: a trace of length L becomes blocks
///           [k·b, k·b + b), each a copy of [s, s + b) with s drawn for the trace from the multiples of its step, the
///           same for all its series, so that VMs that were busy together still are. Of a trace of two days or more,
///           blocks keep their time of day: s differs from k·b by whole days.
/// Cost      O(samples), and as much memory as the columns of the VMs that play them.
/// Source    `DemandAssumption.Resampling`; docs/PLANNING.md#resampling.
final class ChangedDemand: @unchecked Sendable {
  private let assumption: DemandAssumption
  private let seed: UInt64
  private var columns: [UnsafeMutableRawPointer] = []
  private var blocks: [String: Blocks] = [:]

  init(_ assumption: DemandAssumption, seed: UInt64) {
    self.assumption = assumption
    self.seed = seed
  }

  deinit { for column in columns { column.deallocate() } }

  /// Where each block of a trace comes from, ns.
  private struct Blocks {
    var length: Int64
    var starts: [Int64]
  }

  private func factor(isMemory: Bool) -> Int64 {
    (isMemory ? assumption.memoryDemand : assumption.cpuDemand).value
  }

  // MARK: Curves

  /// A curve of the scenario, multiplied.
  func form(_ form: DemandForm, isMemory: Bool) -> DemandForm {
    let factor = factor(isMemory: isMemory)
    if factor == 1_000_000 { return form }
    func times(_ value: PartsPerMillion) -> PartsPerMillion {
      PartsPerMillion(min(roundedRatio(value.value, by: factor, over: 1_000_000), 1_000_000))
    }
    switch form {
    case .constant(let value): return .constant(times(value))
    case .steps(let steps):
      return .steps(steps.map { DemandForm.Step(time: $0.time, value: times($0.value)) })
    case .square(let period, let duty, let high, let low):
      return .square(period: period, duty: duty, high: times(high), low: times(low))
    case .diurnal(let mean, let amplitude, let peak):
      // Clipped where it is played: the mean of a curve may pass 100 % only on paper.
      return .diurnal(mean: times(mean), amplitude: times(amplitude), peak: peak)
    case .random(let name, let mean, let sd, let correlation, let place):
      return .random(
        distribution: name, mean: max(times(mean), PartsPerMillion(1)), sd: sd.map(times),
        correlation: correlation, place: place)
    case .trace: return form
    }
  }

  // MARK: Traces

  /// A column of a trace, multiplied and in another order.
  func series(
    _ series: SampledSeries, of trace: UtilisationTrace, named name: String, isMemory: Bool
  ) -> SampledSeries {
    let factor = factor(isMemory: isMemory)
    let ceiling: Int64 = series.unit == .partsPerMillion ? 1_000_000 : Int64(UInt32.max)
    let blocks = blocks(of: trace, named: name)
    if factor == 1_000_000, blocks == nil { return series }
    var result = series
    if let blocks {
      result = reordered(series, blocks, length: trace.length.value)
    } else {
      let copy = column(of: UInt32.self, count: series.count)
      copy.update(from: series.values, count: series.count)
      result.values = UnsafePointer(copy)
    }
    if factor != 1_000_000 {
      let values = UnsafeMutablePointer(mutating: result.values)
      for sample in 0..<result.count {
        values[sample] = UInt32(
          min(roundedRatio(Int64(values[sample]), by: factor, over: 1_000_000), ceiling))
      }
    }
    return result
  }

  private func column<Element>(of _: Element.Type, count: Int) -> UnsafeMutablePointer<Element> {
    let column = UnsafeMutablePointer<Element>.allocate(capacity: max(count, 1))
    columns.append(UnsafeMutableRawPointer(column))
    return column
  }

  private func blocks(of trace: UtilisationTrace, named name: String) -> Blocks? {
    guard let resampling = assumption.resampling, resampling.draw > 0 else { return nil }
    if let known = blocks[name] { return known }
    let step = max(trace.nominalStep.value, 1)
    let length = trace.length.value
    let block = min(max(resampling.block.value / step * step, step), length)
    let day: Int64 = 86_400_000_000_000
    let keepsTimeOfDay = length >= 2 * day && day % step == 0
    let stride = keepsTimeOfDay ? day : step
    var stream = RandomStream(seed: seed, named: "resample/\(name)/\(resampling.draw)")
    var starts: [Int64] = []
    for position in Swift.stride(from: 0, to: length, by: Int64.Stride(block)) {
      // The first place that may stand here, and how many follow it, a stride apart.
      let first = keepsTimeOfDay ? position % day : 0
      let last = length - min(block, length - position)
      let count = last < first ? 1 : (last - first) / stride + 1
      let start = first + Int64(stream.next(below: UInt64(count))) * stride
      starts.append(min(start, max(last, 0)))
    }
    let made = Blocks(length: block, starts: starts)
    blocks[name] = made
    return made
  }

  private func reordered(
    _ series: SampledSeries, _ blocks: Blocks, length: Int64
  ) -> SampledSeries {
    let step = series.step.value
    if series.times == nil, step > 0, series.first.value % step == 0, blocks.length % step == 0,
      blocks.starts.allSatisfy({ $0 % step == 0 })
    {
      return reorderedGrid(series, blocks, count: Int(length / step))
    }
    return reorderedTimes(series, blocks, length: length)
  }

  /// An even grid stays one: sample by sample, 0 where the series had not begun or was over.
  private func reorderedGrid(
    _ series: SampledSeries, _ blocks: Blocks, count: Int
  ) -> SampledSeries {
    let step = series.step.value
    let perBlock = Int(blocks.length / step)
    let offset = Int(series.first.value / step)
    let values = column(of: UInt32.self, count: count)
    for sample in 0..<count {
      let source = Int(blocks.starts[sample / perBlock] / step) + sample % perBlock - offset
      values[sample] = source >= 0 && source < series.count ? series.values[source] : 0
    }
    return SampledSeries(
      values: values, times: nil, count: count, first: .zero, step: series.step,
      end: SimTime(Int64(count) * step), unit: series.unit)
  }

  /// Uneven times: what held at the start of a block, then its samples.
  private func reorderedTimes(
    _ series: SampledSeries, _ blocks: Blocks, length: Int64
  ) -> SampledSeries {
    var values: [UInt32] = []
    var times: [Int64] = []
    for (index, start) in blocks.starts.enumerated() {
      let target = Int64(index) * blocks.length
      let end = start + min(blocks.length, length - target)
      var low = 0
      var high = series.count
      while low < high {
        let middle = (low + high) / 2
        if series.time(middle).value <= start { low = middle + 1 } else { high = middle }
      }
      let held = low == 0 || start >= series.end.value ? 0 : series.values[low - 1]
      values.append(held)
      times.append(target)
      while low < series.count, series.time(low).value < end {
        values.append(series.values[low])
        times.append(target + series.time(low).value - start)
        low += 1
      }
      if low == series.count, series.end.value > start, series.end.value < end {
        values.append(0)
        times.append(target + series.end.value - start)
      }
    }
    let (ownValues, ownTimes) = (
      column(of: UInt32.self, count: values.count), column(of: Int64.self, count: times.count)
    )
    ownValues.update(from: values, count: values.count)
    ownTimes.update(from: times, count: times.count)
    return SampledSeries(
      values: ownValues, times: ownTimes, count: values.count, first: .zero, step: series.step,
      end: SimTime(length), unit: series.unit)
  }
}
