import ArgumentParser
import BallastModel
import BallastPlanner
import Foundation

extension PlanRatio.Axis: ExpressibleByArgument {}
extension PlanLimits.Resource: ExpressibleByArgument {}

struct PlanRatioCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ratio", abstract: "How far hosts can be filled before each expectation breaks.")

  @OptionGroup var options: PlanOptions
  @OptionGroup var proof: ProofOptions
  @OptionGroup var repetition: RepetitionOptions
  @OptionGroup var allocation: AllocationOptions

  @Option(help: "What gets scarce: hosts (VMs per host), cpu (vCPUs per core) or memory.")
  var vary = PlanRatio.Axis.hosts

  @Option(help: "Lowest ratio (default: as it is now; 1 for memory).")
  var from: Double?

  @Option(help: "Highest ratio (default: three times as much as now; 2 for memory).")
  var to: Double?

  @Option(help: "Steps from the lowest ratio to the highest.")
  var steps = 10

  @Option(help: "The host entry to vary: CLUSTER.NAME; needed where there are several.")
  var hosts: String?

  func validate() throws {
    for (name, ratio) in [("--from", from), ("--to", to)] {
      if let ratio, !(0.01...1_000).contains(ratio) {
        throw ValidationError("\(name) takes a ratio from 0.01 to 1000")
      }
    }
    guard (2...1_000).contains(steps) else {
      throw ValidationError("--steps takes a whole number from 2 to 1000")
    }
  }

  func run() throws {
    try ask(options, proof: proof, block: repetition.blockLength) {
      try PlanRatio(
        axis: vary, from: from, to: to, steps: steps, repetitions: repetition.repetitions,
        confidence: repetition.confidence / 100, hosts: hosts, allocation: allocation.model
      ).answer($0)
    }
  }
}

struct PlanLimitsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "limits",
    abstract: "Lowest limits and reservations that keep the expectations, and who is hurt.")

  @OptionGroup var options: PlanOptions
  @OptionGroup var proof: ProofOptions

  @Option(help: "Only this VM entry.")
  var vm: String?

  @Option(help: "cpu or memory.")
  var resource = PlanLimits.Resource.cpu

  @Option(help: "Steps from 0 to a VM's size.")
  var steps = 10

  func validate() throws {
    guard (2...1_000).contains(steps) else {
      throw ValidationError("--steps takes a whole number from 2 to 1000")
    }
  }

  func run() throws {
    try ask(options, proof: proof) {
      try PlanLimits(resource: resource, vm: vm, steps: steps).answer($0)
    }
  }
}

struct PlanGrowthCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "growth", abstract: "Days until an expectation breaks when demand grows.")

  @OptionGroup var options: PlanOptions
  @OptionGroup var proof: ProofOptions
  @OptionGroup var repetition: RepetitionOptions

  @Option(help: "Growth of demand per year, such as 20%.")
  var perYear: String

  @Option(help: "How many days ahead to look.")
  var horizon = 1_825

  @Flag(help: "Only CPU demand grows; memory in use stays.")
  var cpuOnly = false

  func validate() throws {
    guard growth != nil else {
      throw ValidationError("--per-year takes a percentage from 0.1% to 1000%, such as 20%")
    }
    guard (1...36_500).contains(horizon) else {
      throw ValidationError("--horizon takes a whole number of days from 1 to 36500")
    }
  }

  private var growth: Double? {
    guard perYear.hasSuffix("%"), let percent = Double(perYear.dropLast()),
      (0.1...1_000).contains(percent)
    else { return nil }
    return percent / 100
  }

  func run() throws {
    try ask(options, proof: proof, block: repetition.blockLength) {
      try PlanGrowth(
        perYear: growth!, horizonDays: horizon, repetitions: repetition.repetitions,
        confidence: repetition.confidence / 100, growsMemory: !cpuOnly
      ).answer($0)
    }
  }
}

struct PlanSensitivityCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sensitivity", abstract: "Which assumption moves the measured values most.")

  @OptionGroup var options: PlanOptions
  @OptionGroup var proof: ProofOptions
  @OptionGroup var repetition: RepetitionOptions

  @Option(help: "How far demand is moved either way, in percent.")
  var spread = 20.0

  func validate() throws {
    guard spread > 0, spread < 100 else {
      throw ValidationError("--spread takes a percentage between 0 and 100")
    }
  }

  func run() throws {
    try ask(options, proof: proof, block: repetition.blockLength) {
      try PlanSensitivity(
        repetitions: repetition.repetitions, confidence: repetition.confidence / 100,
        spread: spread / 100
      ).answer($0)
    }
  }
}

struct PlanVersusCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "versus",
    abstract: "Compare a scenario with another one on the same seeds and reordered traces.")

  @OptionGroup var options: PlanOptions
  @OptionGroup var repetition: RepetitionOptions

  @Argument(help: "The other scenario file.")
  var other: String

  func run() throws {
    let (draft, texts, _) = try loadDraft(other, set: options.set)
    try ask(options, block: repetition.blockLength) { bench in
      let second: TrialBench
      do throws(ScenarioError) {
        second = try bench.another(draft)
      } catch {
        throw complain(error, in: texts)
      }
      return try PlanVersus(
        repetitions: repetition.repetitions, confidence: repetition.confidence / 100
      ).answer(bench, second)
    }
  }
}
