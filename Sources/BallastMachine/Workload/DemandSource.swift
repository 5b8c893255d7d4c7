import BallastKernel
import BallastMath
import BallastModel
import BallastUnits
import Glibc

/// One demand curve being played: its value now and when it changes next.
///
/// Step-like forms change at their own exact times; `diurnal` and `random` take a new value at every workload
/// interval. Times count from the start of the run, whenever the VM was powered on.
public struct DemandSource: Sendable {
  public enum Unit: Sendable, Equatable {
    /// Of the VM's size.
    case partsPerMillion
    /// As recorded.
    case kilohertz
    case kibibytes
  }

  /// Indirect: a source stays small in tables, and copies of one share what they play.
  indirect enum Form: Sendable {
    case constant
    case steps([DemandForm.Step])
    case square(period: Int64, highFor: Int64, high: Int64, low: Int64)
    case diurnal(mean: Int64, amplitude: Int64, peak: Int64, interval: Int64)
    case random(interval: Int64)
    case replay(SampledSeries, atEnd: TraceEnd, length: Int64)
  }

  var form: Form
  /// Of `random`. Behind a reference, so that a draw happens in place; copies of a source part at their next draw.
  private var noise: NoiseBox?
  /// Steps: the next step. Replay: the next sample. Random: draws made.
  private(set) var position = 0
  /// Replay with `repeat`: where the present round started, ns.
  private(set) var roundStart: Int64 = 0

  public let unit: Unit
  /// In `unit`; 0 … 1,000,000 for parts per million.
  public private(set) var value: Int64 = 0
  /// Nanoseconds; `Int64.max` for never.
  public private(set) var nextChange: Int64 = 0

  private init(_ form: Form, unit: Unit = .partsPerMillion) {
    self.form = form
    self.unit = unit
  }

  public static func constant(_ value: PartsPerMillion) -> DemandSource {
    var source = DemandSource(.constant)
    source.value = value.value
    source.nextChange = .max
    return source
  }
  public static let idle = DemandSource.constant(.zero)

  /// The value of a curve that never changes.
  var constantValue: Int64? {
    if case .constant = form { return value }
    return nil
  }

  public static func steps(_ steps: [DemandForm.Step]) -> DemandSource {
    DemandSource(.steps(steps))
  }
  public static func square(
    period: SimDuration, duty: PartsPerMillion, high: PartsPerMillion, low: PartsPerMillion
  ) -> DemandSource {
    DemandSource(
      .square(
        period: period.value, highFor: duty.of(period).value, high: high.value, low: low.value))
  }
  public static func diurnal(
    mean: PartsPerMillion, amplitude: PartsPerMillion, peak: SimTime, interval: SimDuration
  ) -> DemandSource {
    DemandSource(
      .diurnal(
        mean: mean.value, amplitude: amplitude.value, peak: peak.value, interval: interval.value))
  }
  public static func random(_ noise: CorrelatedNoise, interval: SimDuration) -> DemandSource {
    var source = DemandSource(.random(interval: interval.value))
    source.noise = NoiseBox(noise)
    return source
  }

  /// - Parameter length: the whole trace's length, the period of `repeat`.
  public static func replay(
    _ series: SampledSeries, atEnd: TraceEnd, length: SimDuration
  ) -> DemandSource {
    let unit: Unit =
      switch series.unit {
      case .partsPerMillion: .partsPerMillion
      case .kilohertz: .kilohertz
      case .kibibytes: .kibibytes
      }
    return DemandSource(.replay(series, atEnd: atEnd, length: length.value), unit: unit)
  }

  /// Plays on until `time`: afterwards `value` holds from `time` (inclusive) to `nextChange` (exclusive).
  public mutating func advance(to time: SimTime) {
    while nextChange <= time.value { step() }
  }

  private mutating func step() {
    let now = nextChange
    switch form {
    case .constant:
      nextChange = .max
    case .steps(let steps):
      if position == 0 && now < steps[0].time.value {
        nextChange = steps[0].time.value
        return
      }
      value = steps[position].value.value
      position += 1
      nextChange = position < steps.count ? steps[position].time.value : .max
    case .square(let period, let highFor, let high, let low):
      let offset = now % period
      value = offset < highFor ? high : low
      nextChange = now - offset + (offset < highFor ? highFor : period)
      if highFor == 0 || highFor == period { nextChange = .max }
    case .diurnal(let mean, let amplitude, let peak, let interval):
      value = diurnalValue(mean: mean, amplitude: amplitude, peak: peak, at: now)
      nextChange = now + interval
    case .random(let interval):
      if !isKnownUniquelyReferenced(&noise) { noise = NoiseBox(noise!.noise) }
      let fraction = noise!.noise.next(step: SimDuration(interval))
      value = Int64((min(max(fraction, 0), 1) * 1_000_000).rounded())
      nextChange = now + interval
    case .replay(let series, let atEnd, let length):
      stepReplay(series, atEnd: atEnd, length: length, now: now)
    }
  }

  private mutating func stepReplay(
    _ series: SampledSeries, atEnd: TraceEnd, length: Int64, now: Int64
  ) {
    let offset = now - roundStart
    if position < series.count && offset < series.time(position).value {
      value = 0  // before the first sample of this round
      nextChange = roundStart + series.time(position).value
    } else if position < series.count {
      value = Int64(series.values[position])
      position += 1
      nextChange =
        roundStart + (position < series.count ? series.time(position) : series.end).value
    } else {
      switch atEnd {
      case .hold: nextChange = .max
      case .stop:
        value = 0
        nextChange = .max
      case .repeat:
        value = 0
        if offset < length {
          nextChange = roundStart + length
        } else {
          roundStart += length
          position = 0
          nextChange = roundStart
        }
      }
    }
  }

  /// For the fast replay of an even grid: the next sample and the one to stop before, while playing inside a series
  /// whose times need no column; nil otherwise. The last sample is left to `advance`, because it may hold for another
  /// time than the others.
  var evenGrid: (next: UnsafePointer<UInt32>, end: UnsafePointer<UInt32>, step: Int64)? {
    guard case .replay(let series, _, _) = form, series.times == nil, series.step.value > 0,
      position > 0, position < series.count - 1
    else { return nil }
    return (series.values + position, series.values + series.count - 1, series.step.value)
  }

  /// Takes back over from a fast replay that has shown `next` samples up to and including `value`.
  mutating func resume(next: UnsafePointer<UInt32>) {
    guard case .replay(let series, _, _) = form else { return }
    position = next - series.values
    value = Int64(series.values[position - 1])
    nextChange = roundStart + (position < series.count ? series.time(position) : series.end).value
  }
}

/// Owned by one source whenever it is changed.
private final class NoiseBox: @unchecked Sendable {
  var noise: CorrelatedNoise

  init(_ noise: CorrelatedNoise) { self.noise = noise }
}

/// mean + amplitude · cos(2π (t − peak) / 24 h) in ppm, rounded once, clipped to 0 … 100 %.
private func diurnalValue(mean: Int64, amplitude: Int64, peak: Int64, at time: Int64) -> Int64 {
  let day: Int64 = 86_400_000_000_000
  let phase = Double((time - peak) % day) / Double(day)
  let value = Double(mean) + Double(amplitude) * cos(2 * .pi * phase)
  return Int64(min(max(value, 0), 1_000_000).rounded())
}
