import BallastModel
import BallastScenario
import BallastUnits
import Testing

@Suite struct OverrideTests {
  @Test func pathsThroughMapsAndLists() throws {
    let reading = Reading(
      small().replacing("- name: web\n    count", with: "- name: web.1\n    count"),
      set: [
        "vms.\"web.1\".count=3", "clusters.0.hosts.esx.memory=1TiB", "control.interval=5s",
        "hypervisor=kvm", "vms.0.workload={cpu: 40%}", "seed=4", "seed=5",
        "events=[{at: 1m, power: {vm: web.1-2, state: off}}]",
      ])
    #expect(reading.shown == "")
    let scenario = try #require(reading.scenario)
    #expect(scenario.vms[0].count == 3)
    #expect(scenario.clusters[0].hosts[0].memory == .gibibytes(1_024))
    #expect(scenario.controlInterval == .seconds(5))
    #expect(scenario.profile.name == "kvm")
    #expect(scenario.seed == 5)
    guard case .constant(let value)? = scenario.vms[0].workload.cpu else {
      return #expect(Bool(false))
    }
    #expect(value == .percent(40))
  }

  /// It applies before checking: what it mends is no error any more.
  @Test func mendsTheFile() {
    #expect(Reading(small(duration: "24"), set: ["duration=24h"]).messages == [])
  }

  @Test(arguments: [
    (
      "vms.web.count=abc",
      "--set vms.web.count:1:15: count: abc is not a whole number; write 1 to 1,000,000"
    ),
    ("vms.wbe.count=1", "--set vms.wbe.count:1:5: the list has no item \"wbe\"; did you mean web?"),
    (
      "vms.7.count=1",
      "--set vms.7.count:1:5: the list has no item \"7\"; write an index from 0 to 0 or a name"
    ),
    (
      "vms.web.cuont=1",
      "--set vms.web.cuont:1:9: unknown key \"cuont\" in VM web; did you mean count?"
    ),
    (
      "duration.x=1",
      "--set duration.x:1:10: x would be a key of the single value 1h; shorten the path and set a whole map: PATH='{KEY: VALUE}'"
    ),
    ("seed", "--set seed:1:5: seed has no = and no value; write --set PATH=VALUE"),
    ("seed=", "--set seed:1:6: the value is empty; write --set seed=VALUE"),
    (
      "=1",
      "--set :1:1: a path is names with points between them; write for example vms.web.count, with names that contain points in quotes"
    ),
    (
      "vms..count=1",
      "--set vms..count:1:5: a path is names with points between them; write for example vms.web.count, with names that contain points in quotes"
    ),
    (
      "control={interval: 0s}", "--set control:1:20: control.interval is 0; write a time above zero"
    ),
    ("name=[", "--set name:1:7: a value is missing here; write one, or close the bracket"),
    ("import=x.yaml", "--set import:1:1: import cannot be set; write it into a scenario file"),
  ])
  func errors(argument: String, message: String) {
    let reading = Reading(small(), set: [argument])
    let shown = reading.error?.problems.map {
      "\($0.place.file):\($0.place.line):\($0.place.column): \($0.message); \($0.remedy ?? "")"
    }
    #expect(shown == [message])
    #expect(reading.shown.contains("\n\(argument)\n"))
  }
}
