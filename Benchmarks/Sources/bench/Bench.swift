import Foundation

/// The benchmarks by name; each prints one line per measurement. docs/PERFORMANCE.md says what to expect.
@main
struct Bench {
  private static let usage = """
    usage: bench w [HOSTS VMS SAMPLES] [--threads N] [--runs N]   workload W through the engine, beside the C bound
           bench growth                                           W at S, M and L: growth in V and in T
           bench queue [PENDING]                                  event queue, hold model, beside the same heap in C
           bench memory [HOSTS VMS SAMPLES]                       W with memory modelled, beside W without
           bench pressure                                         hosts short of memory, per VM and control step
           bench host [DOMAINS]                                   a step of the agent on a KVM host, part of a core
           bench decide [VMS]                                     one host's decision in a pool tree, beside a sort
    """

  private var arguments = Array(CommandLine.arguments.dropFirst())

  static func main() throws {
    var bench = Bench()
    try bench.run()
  }

  private mutating func run() throws {
    let threads = option("--threads", default: 1)
    let runs = option("--runs", default: 3)
    let name = arguments.isEmpty ? "" : arguments.removeFirst()
    let numbers = arguments.compactMap { Int($0) }
    if numbers.count != arguments.count { fail() }
    switch (name, numbers.count) {
    case ("w", 0): try WorkloadW.medium.measure(threads: threads, runs: runs)
    case ("w", 3):
      try WorkloadW(hosts: numbers[0], vms: numbers[1], samples: numbers[2]).measure(
        threads: threads, runs: runs)
    case ("growth", 0): try measureGrowth(runs: runs)
    case ("queue", 0): measureQueue(pending: 100_000, runs: runs)
    case ("queue", 1): measureQueue(pending: numbers[0], runs: runs)
    case ("memory", 0): try WorkloadW.medium.measureMemory(runs: runs)
    case ("memory", 3):
      try WorkloadW(hosts: numbers[0], vms: numbers[1], samples: numbers[2]).measureMemory(
        runs: runs)
    case ("pressure", 0): try measurePressure(runs: runs)
    case ("host", 0): try measureHost(domains: 100, runs: runs)
    case ("host", 1): try measureHost(domains: numbers[0], runs: runs)
    case ("decide", 0): DecideBench(vms: 1_000).measure(runs: runs)
    case ("decide", 1): DecideBench(vms: numbers[0]).measure(runs: runs)
    default: fail()
    }
  }

  /// Takes `name VALUE` out of the arguments.
  private mutating func option(_ name: String, default value: Int) -> Int {
    guard let place = arguments.firstIndex(of: name) else { return value }
    guard place + 1 < arguments.count, let number = Int(arguments[place + 1]), number > 0 else {
      fail()
    }
    arguments.removeSubrange(place...place + 1)
    return number
  }

  private func fail() -> Never {
    FileHandle.standardError.write(Data((Self.usage + "\n").utf8))
    exit(64)
  }
}
