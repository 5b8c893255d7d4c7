import BallastUnits

/// What a guest asks for over time.
public struct WorkloadSpec: Sendable {
  /// Percent of the VM's vCPUs at the host's clock; nil is idle.
  public var cpu: DemandForm?
  /// Percent of the VM's memory in active use; nil is none.
  public var memoryActive: DemandForm?
  /// Percent of the VM's memory ever touched; nil is all of it.
  public var memoryTouched: DemandForm?
  public init(
    cpu: DemandForm? = nil, memoryActive: DemandForm? = nil, memoryTouched: DemandForm? = nil
  ) {
    self.cpu = cpu
    self.memoryActive = memoryActive
    self.memoryTouched = memoryTouched
  }
}

/// A demand curve. Fractions are of the VM's size, 0 … 1,000,000 ppm.
public enum DemandForm: Sendable {
  case constant(PartsPerMillion)
  /// Each value holds from its time on; before the first, demand is 0. Times ascend and differ.
  case steps([Step])
  /// `high` for the first `duty` of every period, then `low`.
  case square(
    period: SimDuration, duty: PartsPerMillion, high: PartsPerMillion, low: PartsPerMillion)
  /// mean + amplitude · cos(2π (t − peak) / 24 h), clipped to 0 … 100 %, taken at the start of every interval.
  case diurnal(mean: PartsPerMillion, amplitude: PartsPerMillion, peak: SimTime)
  /// A draw per interval from a distribution of `BallastMath`, autocorrelated when `correlation` is above zero.
  case random(
    distribution: String, mean: PartsPerMillion, sd: PartsPerMillion?, correlation: SimDuration,
    place: SourcePlace)
  /// Replay of a trace of `traces:`.
  case trace(TraceUse)

  public struct Step: Sendable, Equatable {
    public var time: SimTime
    public var value: PartsPerMillion
    public init(time: SimTime, value: PartsPerMillion) {
      self.time = time
      self.value = value
    }
  }
}

/// A workload's use of a trace. What it leaves out, the trace's own entry says.
public struct TraceUse: Sendable {
  public var trace: String
  /// Nil: VM k of an entry takes series k mod n.
  public var series: String?
  public var unit: TraceUnit?
  public var atEnd: TraceEnd?
  public var place: SourcePlace
  public init(
    trace: String, series: String?, unit: TraceUnit?, atEnd: TraceEnd?, place: SourcePlace
  ) {
    self.trace = trace
    self.series = series
    self.unit = unit
    self.atEnd = atEnd
    self.place = place
  }
}

/// `percent`: of the VM's size at the host's clock. `mhz`: as recorded.
public enum TraceUnit: String, Sendable, CaseIterable { case percent, mhz }

/// What follows the last sample. `stop`: demand 0. `hold`: the last value. `repeat`: from the start again.
public enum TraceEnd: String, Sendable, CaseIterable {
  case stop, hold
  case `repeat`
}

/// One entry of `traces:`.
public struct TraceSpec: Sendable {
  public var name: String
  /// A name of the format catalog of `BallastTraces`; nil: detect.
  public var format: String?
  /// As written; for messages.
  public var writtenPath: String
  /// Resolved against the scenario's folder, variables expanded.
  public var path: String
  /// Step of formats that carry no times.
  public var interval: SimDuration?
  public var unit: TraceUnit
  /// Nil: a duration beyond the trace is an error.
  public var atEnd: TraceEnd?
  public var place: SourcePlace
  public init(
    name: String, format: String?, writtenPath: String, path: String, interval: SimDuration?,
    unit: TraceUnit, atEnd: TraceEnd?, place: SourcePlace
  ) {
    self.name = name
    self.format = format
    self.writtenPath = writtenPath
    self.path = path
    self.interval = interval
    self.unit = unit
    self.atEnd = atEnd
    self.place = place
  }
}
