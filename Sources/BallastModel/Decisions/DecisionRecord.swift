import BallastUnits

/// One decision about where a VM runs, or whether it does, with its arithmetic.
public struct DecisionRecord: Sendable, Equatable, Codable {
  public enum Kind: String, Sendable, Codable {
    case powerOn = "power_on"
    case restart
    case migrate
    case configure
  }

  /// A host that was in question; the lower score wins.
  public struct Candidate: Sendable, Equatable, Codable {
    public var host: String
    /// Should rules it would have broken: they count before the score.
    public var brokenShouldRules: Int
    /// A lower tier is better than any score.
    public var tier: Int
    /// The score is `part / whole`.
    public var part: Int64
    public var whole: Int64
    public init(host: String, brokenShouldRules: Int, tier: Int, part: Int64, whole: Int64) {
      self.host = host
      self.brokenShouldRules = brokenShouldRules
      self.tier = tier
      self.part = part
      self.whole = whole
    }
  }

  /// Hosts that were out, each counted by the first reason that held.
  public struct Excluded: Sendable, Equatable, Codable {
    public var notOn: Int
    public var rule: Int
    public var cpu: Int
    public var memory: Int
    /// Where guests hold their memory from power-on, and where swap space is counted; nil: none.
    public var freeMemory: Int?
    public var swapSpace: Int?
    public init(
      notOn: Int, rule: Int, cpu: Int, memory: Int, freeMemory: Int = 0, swapSpace: Int = 0
    ) {
      self.notOn = notOn
      self.rule = rule
      self.cpu = cpu
      self.memory = memory
      self.freeMemory = freeMemory > 0 ? freeMemory : nil
      self.swapSpace = swapSpace > 0 ? swapSpace : nil
    }
  }

  /// Why a policy moved a VM: loads in parts per million of the host's capacity, before and after.
  public struct Move: Sendable, Equatable, Codable {
    public var reason: String
    public var sourceBefore: [Int64]
    public var sourceAfter: [Int64]
    public var targetBefore: [Int64]
    public var targetAfter: [Int64]
    /// Standard deviation of host loads, ppm: CPU, memory. Empty where the policy does not look at it.
    public var imbalanceBefore: [Int64]
    public var imbalanceAfter: [Int64]
    public var benefit: Int64?
    public var cost: Int64?
    public var threshold: Int64?
    public var priority: Int?
    public init(
      reason: String, sourceBefore: [Int64], sourceAfter: [Int64], targetBefore: [Int64],
      targetAfter: [Int64], imbalanceBefore: [Int64], imbalanceAfter: [Int64], benefit: Int64?,
      cost: Int64?, threshold: Int64?, priority: Int?
    ) {
      self.reason = reason
      self.sourceBefore = sourceBefore
      self.sourceAfter = sourceAfter
      self.targetBefore = targetBefore
      self.targetAfter = targetAfter
      self.imbalanceBefore = imbalanceBefore
      self.imbalanceAfter = imbalanceAfter
      self.benefit = benefit
      self.cost = cost
      self.threshold = threshold
      self.priority = priority
    }
  }

  public var time: SimTime
  public var vm: String
  public var kind: Kind
  /// Who decided: a placement or balancing policy, `host` where the scenario fixed it, `event` where it said so.
  public var policy: String
  public var from: String?
  /// Nil when refused.
  public var to: String?
  public var refusal: Refusal?
  /// The best few, best first.
  public var candidates: [Candidate]
  public var excluded: Excluded?
  public var move: Move?

  public init(
    time: SimTime, vm: String, kind: Kind, policy: String, from: String? = nil,
    to: String? = nil, refusal: Refusal? = nil, candidates: [Candidate] = [],
    excluded: Excluded? = nil, move: Move? = nil
  ) {
    self.time = time
    self.vm = vm
    self.kind = kind
    self.policy = policy
    self.from = from
    self.to = to
    self.refusal = refusal
    self.candidates = candidates
    self.excluded = excluded
    self.move = move
  }
}

extension DecisionRecord {
  /// In plain words and numbers.
  public var sentences: [String] {
    var text: [String] = []
    if let refusal {
      text.append("\(what) was refused (\(refusal.name)). \(refusal.words)")
    } else {
      text.append(
        "\(what)\(from.map { " from \($0)" } ?? "")\(to.map { " to \($0)" } ?? ""), decided by \(by)."
      )
    }
    if let move { text += move.sentences }
    for (rank, candidate) in candidates.enumerated() {
      text.append("  \(rank + 1). \(candidate.words)")
    }
    if let excluded, let words = excluded.words { text.append(words) }
    return text
  }

  private var what: String {
    switch kind {
    case .powerOn: "Power-on"
    case .restart: "Restart after a host failure"
    case .migrate: "Migration"
    case .configure: "A change of its settings"
    }
  }

  private var by: String {
    switch policy {
    case "host": "the scenario, which names the host"
    case "event": "an event of the scenario"
    case "restart": "the restart planner (most unreserved room first)"
    default: "the policy \(policy)"
    }
  }
}

extension DecisionRecord.Candidate {
  fileprivate var words: String {
    var text = "\(host): score \(ratio(part, whole))"
    if tier > 0 { text += ", tier \(tier) (fits less well than any of tier \(tier - 1))" }
    if brokenShouldRules > 0 {
      text += ", breaks \(counted(Int64(brokenShouldRules), "should rule"))"
    }
    return text
  }

  private func ratio(_ part: Int64, _ whole: Int64) -> String {
    if whole == 1 { return "\(part)" }
    return "\(decimal(roundedRatio(part, by: 1_000, over: whole), places: 3)) (\(part) / \(whole))"
  }
}

extension DecisionRecord.Excluded {
  fileprivate var words: String? {
    let reasons = [
      (notOn, "not on"), (rule, "excluded by a rule"), (cpu, "without enough unreserved CPU"),
      (memory, "without enough unreserved memory"),
      (freeMemory ?? 0, "without enough free memory"),
      (swapSpace ?? 0, "without enough swap space"),
    ].filter { $0.0 > 0 }
    if reasons.isEmpty { return nil }
    return "Hosts that were out: " + reasons.map { "\($0.0) \($0.1)" }.joined(separator: ", ") + "."
  }
}

extension DecisionRecord.Move {
  fileprivate var sentences: [String] {
    func percent(_ ppm: Int64) -> String { "\(decimal((ppm + 5) / 10, places: 3)) %" }
    func loads(_ before: [Int64], _ after: [Int64]) -> String {
      zip(["CPU", "memory"], zip(before, after)).map {
        "\($0) \(percent($1.0)) → \(percent($1.1))"
      }.joined(separator: ", ")
    }
    var text = [
      "Reason: \(reason). Load of the source: \(loads(sourceBefore, sourceAfter)); of the target: "
        + "\(loads(targetBefore, targetAfter))."
    ]
    if !imbalanceBefore.isEmpty {
      text.append(
        "Imbalance (standard deviation of host loads): \(loads(imbalanceBefore, imbalanceAfter)).")
    }
    if let benefit, let cost {
      text.append("Benefit \(benefit) against cost \(cost), in the policy's own unit.")
    }
    if let threshold {
      // DRS has a level, the others a load.
      text.append(
        priority == nil
          ? "The line that was crossed: \(percent(threshold))."
          : "The policy's threshold is \(threshold).")
    }
    if let priority { text.append("Priority \(priority) (1 is mandatory, 5 least).") }
    return text
  }
}
