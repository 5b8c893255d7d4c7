import BallastModel
import BallastScenario
import Foundation
import Testing

/// The exact text a user sees.
@Suite struct ErrorTextTests {
  @Test func limitBelowReservation() {
    let reading = Reading(small(vm: "cpu: {reservation: 3GHz, limit: 2GHz}"))
    #expect(
      reading.shown == """
        web.yaml:15:37: error: limit 2000 MHz is below reservation 3000 MHz; raise the limit or \
        lower the reservation
            cpu: {reservation: 3GHz, limit: 2GHz}
                                            ^
        """)
  }

  @Test func unknownKeyWithTheNearestName() {
    let reading = Reading(small(vm: "memroy_policy: {reservation: 1GiB}"))
    #expect(
      reading.shown == """
        web.yaml:15:5: error: unknown key "memroy_policy" in VM web; did you mean memory_policy?
            memroy_policy: {reservation: 1GiB}
            ^
        """)
  }

  @Test func bareNumberShowsHowToWriteIt() {
    #expect(
      Reading(small(duration: "24")).shown == """
        web.yaml:2:11: error: duration: 24 has no unit; write 24s; units are ns us µs ms s m h d
        duration: 24
                  ^
        """)
  }

  @Test func caretStandsUnderTheRightCharacter() {
    // é is one column, 日 two, a tab stays a tab, a combining accent takes no room.
    let reading = Reading(small(vm: "workload: {cpu: {steps: {\"日e\u{301}é\":\t10%}}}"))
    #expect(
      reading.shown == """
        web.yaml:15:30: error: steps: "日e\u{301}é" is not a time; write for example 20s
            workload: {cpu: {steps: {"日e\u{301}é":\t10%}}}
                                     ^
        """)
    let after = Reading(small(more: "\"日é\": {日: 1}"))
    #expect(after.shown.hasSuffix("\n^"))
    let set = Reading(small(), set: ["name=日本:x"])
    #expect(
      set.shown == """
        --set name:1:6: error: name: the name 日本:x contains ":"; use letters, digits, - _ and .
        name=日本:x
             ^
        """)
  }

  @Test func terminalControlsAreNotPrinted() {
    let reading = Reading(small(vm: "\"a\\u001b[31m\": 1"))
    #expect(!reading.shown.contains("\u{1B}"))
    #expect(reading.shown.contains("unknown key \"a\u{FFFD}[31m\""))
  }

  @Test func longLinesAreCutAroundThePlace() {
    let reading = Reading(small(more: "name: [\(String(repeating: "x,", count: 1_000))]"))
    #expect(reading.shown.split(separator: "\n").allSatisfy { $0.count < 200 })
  }

  /// One broken value hides nothing: all mistakes of a file come at once, in order.
  @Test func allErrorsAtOnce() {
    let text = """
      ballast: 2
      duration: 24h
      interval: 2d
      seeed: 1
      clusters:
        - name: prod
          hosts:
            - {name: esx, count: 0, cpu: {cores: 8, mhz: 2.6GHz}, memory: 64}
      vms:
        - {name: web, vcpus: "4", memory: -1GiB, cluster: pord, cpu: {shares: 0}}
        - {name: web, vcpus: 1, memory: 64gb}
      hypervisor: hyper-v
      events:
        - {at: 25h, power: {vm: wbe, state: up}}
      """
    #expect(
      Reading(text).lines == [
        "1:10: ballast: 2 is above 1; write 1",
        "3:11: interval 2d is longer than the duration 1d; shorten it or lengthen the run",
        "4:1: unknown key \"seeed\" in the scenario; did you mean seed?",
        "8:28: count: 0 is below 1; write 1 to 1,000,000",
        "8:52: mhz: 2.6GHz has a unit, and a bare number of MHz is needed; write 2600",
        "8:69: memory: 64 has no unit; write 64GiB; units are B KB KiB MB MiB GB GiB TB TiB",
        "10:24: vcpus: \"4\" is text in quotes, and a whole number from 1 to 4,096 is needed; "
          + "remove the quotes",
        "10:37: memory: -1GiB is negative; write a size of memory from 0 up",
        "10:53: no cluster is called pord; did you mean prod?",
        "10:73: shares: 0 shares would starve it whenever others compete; write 1 or more, or low",
        "11:12: the VM name web is taken by the entry on line 10; choose another name",
        "11:35: memory: in 64gb, gb is no unit of memory; did you mean 64GB?",
        "12:13: hypervisor: \"hyper-v\" is not the name of a hypervisor profile; did you mean hyperv?",
        "14:10: the event at 1d1h is after the run's end at 1d; move it or lengthen the run",
        "14:27: no VM is called wbe; did you mean web?",
        "14:39: state: unknown value \"up\"; write on or off",
      ])
  }

  @Test func twoHundredAreShownAndTheRestCounted() {
    let keys = (1...250).map { "zzz\($0)zzz: 1" }.joined(separator: "\n")
    let reading = Reading(small(more: keys))
    #expect(reading.error?.problems.count == 200)
    #expect(reading.error?.omittedCount == 50)
    #expect(reading.shown.hasSuffix("\n… and 50 more errors"))
  }

  /// A mistake in an anchor is one mistake, however often it is used.
  @Test func aliasesDoNotRepeatErrors() {
    let text = """
      ballast: 1
      duration: 1h
      clusters: [{name: a, hosts: [{name: h, cpu: {cores: 4, mhz: 2000}, memory: 64GiB}]}]
      vms:
        - {name: x, vcpus: 1, memory: 1GiB, cpu: &c {shares: hihg}}
        - {name: y, vcpus: 1, memory: 1GiB, cpu: *c}
      """
    #expect(
      Reading(text).lines == ["5:56: shares: \"hihg\" is no shares value; did you mean high?"])
  }

  @Test func asJSON() throws {
    let reading = Reading(small(duration: "24"), path: "a \"b\".yaml")
    let json = describeAsJSON([
      (file: "a \"b\".yaml", error: reading.error, texts: reading.texts),
      (file: "good.yaml", error: nil, texts: SourceTexts()),
    ])
    #expect(
      json == """
        {
          "schema_version": 1,
          "files": [
            {
              "file": "a \\"b\\".yaml",
              "valid": false,
              "errors": [
                {
                  "file": "a \\"b\\".yaml",
                  "line": 2,
                  "column": 11,
                  "message": "duration: 24 has no unit",
                  "remedy": "write 24s; units are ns us µs ms s m h d",
                  "missing_file": false,
                  "source": "duration: 24"
                }
              ],
              "more_errors": 0
            },
            {
              "file": "good.yaml",
              "valid": true,
              "errors": [],
              "more_errors": 0
            }
          ]
        }
        """)
    _ = try JSONSerialization.jsonObject(with: Data(json.utf8))
  }
}
