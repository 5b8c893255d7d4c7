import BallastUnits

/// `assume:`: what if all workloads asked for more or less, or the recorded weeks had come in another order?
///
/// Rule      every CPU curve is multiplied by `cpuDemand`, every curve of active and touched memory by
///           `memoryDemand`; a percentage stays at most 100 %, a recorded rate at most the VM's size.
public struct DemandAssumption: Sendable, Equatable {
  /// Moving blocks: recorded series are cut into blocks that start at random and put together again.
  ///
  /// Source    Künsch, "The jackknife and the bootstrap for general stationary observations", Annals of Statistics
  ///           17(3), 1989; blocks that keep the time of day: Dudek et al., Journal of Time Series Analysis 35(2), 2014.
  public struct Resampling: Sendable, Equatable {
    /// Above zero; rounded down to a multiple of the trace's step, at least one.
    public var block: SimDuration
    /// Which of the possible orders; 0 is the recorded one.
    public var draw: Int64
    public init(block: SimDuration, draw: Int64) {
      self.block = block
      self.draw = draw
    }
  }
  public var cpuDemand: PartsPerMillion
  public var memoryDemand: PartsPerMillion
  public var resampling: Resampling?
  public init(
    cpuDemand: PartsPerMillion = .one, memoryDemand: PartsPerMillion = .one,
    resampling: Resampling? = nil
  ) {
    self.cpuDemand = cpuDemand
    self.memoryDemand = memoryDemand
    self.resampling = resampling
  }

  /// For the method section of a report.
  public var sentences: [String] {
    var sentences: [String] = []
    if cpuDemand != .one { sentences.append("assumed: CPU demand times \(cpuDemand)") }
    if memoryDemand != .one { sentences.append("assumed: memory in use times \(memoryDemand)") }
    if let resampling, resampling.draw > 0 {
      sentences.append(
        "assumed: traces put together from blocks of \(resampling.block), draw \(resampling.draw)")
    }
    return sentences
  }
}
