import ArgumentParser
import BallastPlanner

struct PlanCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan",
    abstract: "Answer a planner's question by running a scenario again and again.",
    discussion: """
      Every answer is one line with its reason; --out writes the scenario that proves it.
      Exit codes: 0 answered, 1 the expectations cannot be met, 64 to 74 as for run, 130 interrupted.
      """,
    subcommands: [
      PlanHostsCommand.self, PlanFitCommand.self, PlanRatioCommand.self, PlanLimitsCommand.self,
      PlanGrowthCommand.self, PlanSensitivityCommand.self, PlanVersusCommand.self,
    ])
}

struct PlanHostsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "hosts",
    abstract: "The fewest hosts that meet every expectation, some of them down.")

  @OptionGroup var options: PlanOptions
  @OptionGroup var proof: ProofOptions
  @OptionGroup var allocation: AllocationOptions

  @Option(help: "The host entry to vary: CLUSTER.NAME; needed where there are several.")
  var hosts: String?

  @Option(help: "Hosts that may be down (default: what the scenario's failover tolerates).")
  var tolerate: Int?

  func validate() throws { try checkTolerance(tolerate) }

  func run() throws {
    try ask(options, proof: proof) {
      try PlanHosts(hosts: hosts, tolerate: tolerate, allocation: allocation.model).answer($0)
    }
  }
}

struct PlanFitCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fit", abstract: "How many more VMs of a shape fit, and what stops the next.")

  @OptionGroup var options: PlanOptions
  @OptionGroup var proof: ProofOptions
  @OptionGroup var allocation: AllocationOptions

  @Option(
    help: ArgumentHelp(
      "A VM entry of the scenario, or a shape such as vcpus=4,memory=16GiB,cpu=35%.",
      valueName: "shape"))
  var vm: String

  @Option(help: "The host entry of which hosts may be down: CLUSTER.NAME (default: the largest).")
  var hosts: String?

  @Option(help: "Hosts that may be down (default: what the scenario's failover tolerates).")
  var tolerate: Int?

  @Option(help: "Most VMs to try.")
  var most = 10_000

  func validate() throws {
    try checkTolerance(tolerate)
    guard (1...1_000_000).contains(most) else {
      throw ValidationError("--most takes a whole number from 1 to 1000000")
    }
  }

  func run() throws {
    try ask(options, proof: proof) {
      try PlanFit(
        shape: vm, hosts: hosts, tolerate: tolerate, allocation: allocation.model, most: most
      ).answer($0)
    }
  }
}

private func checkTolerance(_ tolerate: Int?) throws {
  if let tolerate, !(0...1_000).contains(tolerate) {
    throw ValidationError("--tolerate takes a whole number from 0 to 1000")
  }
}
