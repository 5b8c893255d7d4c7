import BallastModel
import BallastUnits

extension ObjectName {
  /// `assume:` and `resample:` below it.
  var assumptionSpec: ObjectSpec {
    if self == .resample {
      return ObjectSpec(
        summary:
          "Recorded demand in another order: blocks that start at random, one after the other.",
        keys: [
          Key("block", .quantity(.duration), "Length of a block.", required: true),
          Key(
            "draw", .whole(0...1_000_000), "Which of the possible orders; 0 is the recorded one.",
            required: true),
        ])
    }
    return ObjectSpec(
      summary: "What if demand were another, or hosts were missing: planners vary these.",
      keys: [
        Key(
          "cpu_demand", .quantity(.surplus), "Every CPU curve times this; a VM's size is the most.",
          standard: "100%"),
        Key(
          "memory_demand", .quantity(.surplus),
          "Every curve of active and touched memory times this; all of it is the most.",
          standard: "100%"),
        Key("resample", .object(.resample), "Traces in another order."),
        Key(
          "hosts_down", .list(.pattern),
          "Hosts that are down from beginning to end; VMs that start on one start elsewhere.",
          standard: "none"),
      ])
  }
}

extension Assembler {
  mutating func readAssumption() -> DemandAssumption {
    let value = root["assume"]
    var assumption = DemandAssumption()
    if let ppm = value?["cpu_demand"]?.amount(.surplus) { assumption.cpuDemand = .init(ppm) }
    if let ppm = value?["memory_demand"]?.amount(.surplus) { assumption.memoryDemand = .init(ppm) }
    guard let resample = value?["resample"], let block = resample["block"]?.duration,
      let draw = resample["draw"]?.plain.flatMap({ Int64($0) })
    else { return assumption }
    if block == .zero {
      problems.add(resample["block"]!.place, "block is 0", "write a time above zero, such as 6h")
    }
    assumption.resampling = .init(block: block, draw: draw)
    return assumption
  }

  func readHostsDown() -> [(pattern: String, place: SourcePlace)] {
    (root["assume"]?["hosts_down"]?.items ?? []).compactMap { item in
      item.text.map { ($0, item.place) }
    }
  }
}
