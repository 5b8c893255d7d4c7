import BallastModel
import BallastScenario
import BallastSimulator
import BallastUnits

/// One run of a scenario with other values: nothing is written, only verdicts and key figures are kept.
public struct Trial: Hashable, Sendable {
  /// As in `--set`, applied in order.
  public var overrides: [String]
  /// 0: the scenario's seed and recorded order of traces. r: the seed plus r, and draw r of their blocks.
  public var replicate: Int
  public init(_ overrides: [String] = [], replicate: Int = 0) {
    self.overrides = overrides
    self.replicate = replicate
  }
}

/// What came of a trial.
public struct TrialResult: Sendable {
  public struct VM: Sendable {
    public var name: String
    /// Empty for none.
    public var host: String
    public var isAdmitted: Bool
    public var refusal: String
    /// p95 of ready per vCPU and of limited per vCPU, and the mean slowdown: thousandths of a percent or `emptyCell`.
    public var readyP95: Int64
    public var limitedP95: Int64
    public var slowdown: Int64
  }
  public var verdicts: [RunRecord.Verdict]
  public var figures: [RunRecord.KeyFigure]
  public var digest: UInt64
  /// In order of names.
  public var vms: [VM]
  public var hosts: [String]
  /// Refusals that an expectation asks for do not count against it.
  public var expectsRefusals: Bool

  public var refused: [VM] { vms.filter { !$0.isAdmitted } }

  /// Every expectation met, and every VM admitted unless the scenario expects refusals.
  public var holds: Bool { verdicts.allSatisfy(\.isMet) && (expectsRefusals || refused.isEmpty) }

  /// The value of a key figure, thousandths of its unit; nil where it has none.
  public func figure(_ name: String) -> Int64? {
    figures.first { $0.name == name }.flatMap { $0.value == emptyCell ? nil : $0.value }
  }

  /// What stops it, in words; nil where nothing does.
  public var obstacle: String? {
    if !expectsRefusals, let first = refused.first {
      let others = refused.count > 1 ? " and \(refused.count - 1) more" : ""
      return "\(first.name)\(others) refused: \(first.refusal)"
    }
    guard let missed = verdicts.first(where: { !$0.isMet }) else { return nil }
    return "\(missed.text): \(missed.measured)"
  }
}

/// A trial that could not be run: the values do not make a scenario.
public struct TrialError: Error, Sendable {
  public var overrides: [String]
  public var error: ScenarioError
  /// The first problem in one sentence.
  public var words: String {
    let problem = error.problems.first
    return (problem?.message ?? "the scenario is wrong") + (problem?.remedy.map { "; \($0)" } ?? "")
  }
}

/// Keeps the summaries of VMs and nothing else.
final class TrialSink: RunSink {
  private(set) var manifest = RunManifest(
    hosts: [], vms: [], vmPools: [], pools: [], recordedVMs: [])
  private(set) var vms: [TrialResult.VM] = []

  func begin(_ manifest: RunManifest) { self.manifest = manifest }
  func write(_ rows: SampleRows) {}
  func write(_ event: EventRow) {}
  func write(_ summary: VMSummaryRow) {
    func metric(_ column: VMColumn) -> MetricSummary {
      summaryMetrics.firstIndex(of: column).map { summary.metrics[$0] } ?? .empty
    }
    vms.append(
      TrialResult.VM(
        name: manifest.vms[summary.vm], host: summary.lastHost.map { manifest.hosts[$0] } ?? "",
        isAdmitted: summary.isAdmitted, refusal: summary.refusal,
        readyP95: metric(.cpuReadyPercent).p95, limitedP95: metric(.cpuLimitedPercent).p95,
        slowdown: metric(.slowdown).mean))
  }
}
