import BallastModel
import BallastScenario
import BallastUnits
import Testing

/// Wrong settings of memory: one line of a scenario, and what is said about it. And right ones, which arrive.
@Suite struct MemoryCheckTests {
  /// Within the VM `web`, of 8 GiB.
  @Test(arguments: [
    (
      "workload: {memory: {active: 60%, touched: 50%}}",
      "active 60% is more than touched 50%; lower active or raise touched"
    ),
    (
      "workload: {memory: {touched: 120%}}",
      "touched: 120% is above 100%; write 100% at most"
    ),
    (
      "memory_policy: {balloon_max: 101%}",
      "balloon_max: 101% is above 100%; write 100% at most"
    ),
    (
      "memory_policy: {reservation: 9GiB}",
      "reservation 9 GiB is more than the VM's memory of 8 GiB; lower the reservation or add memory"
    ),
    (
      "memory_policy: {minimum: 9GiB}",
      "minimum 9 GiB is more than the VM's memory of 8 GiB; lower it or add memory"
    ),
    (
      "memory_policy: {startup: 9GiB}",
      "startup 9 GiB is more than the VM's memory of 8 GiB; lower it or add memory"
    ),
    (
      "memory_policy: {minimum: 2GiB, startup: 1GiB}",
      "startup 1 GiB is below minimum 2 GiB; raise startup or lower minimum"
    ),
    (
      "memory_policy: {startup: 0GiB}",
      "startup is 0; write what the guest boots with, such as 1GiB"
    ),
    ("memory_policy: {buffer: 4%}", "buffer 4% is below 5%; write 5% to 2000%"),
    ("memory_policy: {buffer: 2001%}", "buffer: 2001% is above 2000%; write 2000% at most"),
    ("memory_policy: {priority: 101}", "priority: 101 is above 100; write 0 to 100"),
    (
      "memory_policy: {balloon: {driver: mising}}",
      "driver: unknown value \"mising\"; did you mean missing?"
    ),
    (
      "memory_policy: {balloon: {rate: 0MiB/s}}", "rate is 0; write driver: missing"
    ),
    (
      "memory_policy: {balloon: {rate: 1KiB/s}}",
      "rate is below a page of 4KiB/s; write a rate such as 100MiB/s"
    ),
    (
      "memory_policy: {balloon: {driver: missing, rate: 10MiB/s}}",
      "rate has no meaning where the balloon driver is missing; remove it, or write driver: present"
    ),
    (
      "memory_policy: {balloon: {driver: missing, deflate_on_oom: true}}",
      "deflate_on_oom has no meaning where the balloon driver is missing; remove it, or write "
        + "driver: present"
    ),
    (
      "image: win\npages: {zero: 90%, common: 11%}",
      "pages are zero 90% and common 11%, 101% together; lower one of them; what is left of 100% is "
        + "unique"
    ),
    (
      "pages: {common: 50%}",
      "common pages are those of VMs with the same image, and this VM has none to share; add "
        + "image: NAME, or remove common"
    ),
    ("guest_swap: {size: 0GiB}", "the swap size is 0; write device: none"),
    (
      "guest_swap: {device: zswap}",
      "device: unknown value \"zswap\"; write none, ssd, disk or zram"
    ),
    (
      "guest_swap: {device: none, latency: 1ms}",
      "latency has no meaning for device none; remove it, or write device: ssd"
    ),
    ("guest_swap: disk", "guest_swap: unknown value \"disk\"; write none"),
  ])
  func inTheVM(vm: String, message: String) {
    #expect(Reading(small(vm: vm)).messages.first == message)
  }

  /// At the top level.
  @Test(arguments: [
    (
      "policies: {reclamation: {order: [balloon, swap, balloon]}}",
      "order names balloon twice; keep one of them"
    ),
    (
      "policies: {reclamation: {order: [baloon]}}",
      "order: unknown value \"baloon\"; did you mean balloon?"
    ),
    (
      "policies: {reclamation: {order: [compress]}}\nhypervisor: kvm",
      "order names compress, which the profile kvm does not have; its techniques are share, balloon "
        + "and swap"
    ),
    (
      "policies: {reclamation: {policy: squeeze}}",
      "policy: \"squeeze\" is not the name of a memory policy; did you mean squeezed?"
    ),
    (
      "policies: {reclamation: {min_free: 0GiB}}",
      "min_free is 0, and states are parts of it; write a size above zero"
    ),
    (
      "policies: {reclamation: {policy: mom, min_free: 1GiB}}",
      "min_free is a parameter of the policy proportional-share, and mom is chosen; remove it, or "
        + "write policy: proportional-share"
    ),
    (
      "policies: {reclamation: on}",
      "reclamation: \"on\" is not the name of a memory policy; write none, proportional-share, mom, mom-ovirt, proxmox, hyperv-dynamic-memory, squeezed or off"
    ),
    (
      "hypervisor: {profile: xen, page_sharing: between_vms}",
      "page_sharing is written, and the profile xen does not share pages; remove it, or choose esxi "
        + "or kvm"
    ),
    (
      "hypervisor: {profile: esxi, scan: {pages_to_scan: 100}}",
      "pages_to_scan is a setting of KSM, and the profile is esxi; its settings are whole_vm_within "
        + "and per_ghz"
    ),
    (
      "hypervisor: {profile: kvm, scan: {per_ghz: 4MiB/s}}",
      "per_ghz is a setting of ESXi's scan, and the profile is kvm; its settings are pages_to_scan, "
        + "sleep, max_page_sharing, use_zero_pages, smart_scan and advisor_target"
    ),
    (
      "hypervisor: {profile: kvm, scan: {sleep: 0ms}}",
      "sleep is 0; write a time such as 1ms"
    ),
    (
      "hypervisor: {profile: kvm, balloon_rate: 0MiB/s}",
      "balloon_rate is 0; take balloon out of reclamation.order"
    ),
    (
      "events: [{at: 1m, set: {vm: web, workload: {memory: {ramp: 30s}}}}]",
      "ramp belongs to the VM and does not change during the run; remove it, or write it under the "
        + "VM's workload"
    ),
  ])
  func atTheTop(line: String, message: String) {
    #expect(Reading(small(more: line)).messages.first == message)
  }

  /// A host's swap.
  @Test(arguments: [
    ("{device: ssd, size: 0GiB}", "the swap size is 0; write device: none"),
    ("{bandwidth: 0MiB/s}", "bandwidth is 0; write device: none"),
    ("{device: disk, latency: 2m}", "a latency of 2m is no device's; write 60s at most"),
    (
      "{device: none, size: 1GiB}",
      "size has no meaning for device none; remove it, or write device: ssd"
    ),
    ("{device: tape}", "device: unknown value \"tape\"; write none, ssd, disk, zram or zswap"),
  ])
  func onTheHost(swap: String, message: String) {
    let text = small().replacing("memory: 64GiB}", with: "memory: 64GiB, swap: \(swap)}")
    #expect(Reading(text).messages.first == message)
  }

  /// Of 64 GiB, ESXi keeps 1 GiB + 2 %: 61.72 GiB are left for VMs, and cannot all be kept free.
  @Test(arguments: [
    (
      "policies: {reclamation: {min_free: 100GiB}}",
      "min_free 100 GiB leaves VMs nothing of host esx, which has 63201.28 MiB of 64 GiB for them; lower it"
    ),
    (
      "policies: {reclamation: {min_free: 62GiB}}",
      "min_free 62 GiB leaves VMs nothing of host esx, which has 63201.28 MiB of 64 GiB for them; lower it"
    ),
    ("policies: {reclamation: {min_free: 61GiB}}", ""),
    (
      "hypervisor: {profile: esxi, host_reserve: 64GiB}",
      "host_reserve 64 GiB leaves VMs nothing of host esx, which has 64 GiB; lower it, or add memory "
        + "to the host"
    ),
    ("hypervisor: {profile: esxi, host_reserve: 63GiB}", ""),
  ])
  func whatHostsMustHave(line: String, message: String) {
    #expect(Reading(small(more: line)).messages.first ?? "" == message)
  }

  /// The usual 5 % of zeros, 8 % in common and 3 % of duplicates stand beside what is written, and share what that leaves:
  /// beside 89 % of zeros, 8 and 3 % fit; beside 90 %, 10 % are divided 8 to 3; beside 100 % nothing is left.
  @Test(
    arguments: [
      ("pages: {zero: 89%}", [890_000, 80_000, 30_000]),
      ("pages: {zero: 90%}", [900_000, 72_727, 27_272]),
      ("pages: {zero: 100%}", [1_000_000, 0, 0]),
      ("image: win\npages: {common: 100%}", [0, 1_000_000, 0]),
      ("pages: {duplicate: 50%}", [50_000, 80_000, 500_000]),
      ("pages: {common: 0%}", [50_000, 0, 30_000]),
    ] as [(String, [Int64])])
  func writtenPagesComeFirst(vm: String, parts: [Int64]) throws {
    let entry = try #require(Reading(small(vm: vm)).scenario?.vms.first)
    let content = entry.guestMemory.content
    #expect([content.zero.value, content.common.value, content.duplicate.value] == parts)
  }

  /// A trait that is denied is none, so a file that writes out all keys is fine; what another policy needs is no mistake.
  @Test(arguments: [
    "memory_policy: {balloon: {driver: missing, deflate_on_oom: false, managed: false}}",
    "memory_policy: {minimum: 1GiB, startup: 2GiB, buffer: 20%, priority: 60}",
  ])
  func isFine(vm: String) {
    #expect(Reading(small(vm: vm)).messages == [])
  }

  /// What is written of guests arrives; a bandwidth of 200 Mbit/s is 25,000,000 bytes per second.
  @Test func guestsArrive() throws {
    let vm = """
      image: win
      pages: {zero: 20%, common: 30%, duplicate: 1%}
      guest_swap: {device: disk, size: 2GiB, latency: 5ms, bandwidth: 200Mbit/s}
      memory_policy: {balloon_max: 50%, minimum: 1GiB, startup: 2GiB, buffer: 150%, priority: 70, balloon: {driver: present, managed: false, rate: 10MiB/s, resists_beyond: 40%, deflate_on_oom: true, free_page_reporting: true}}
      workload: {memory: {active: 10%, page_cache: 25%, ramp: 30s, rewritten: 1%}}
      """
    let entry = try #require(Reading(small(vm: vm)).scenario?.vms.first)
    #expect(
      entry.guestMemory
        == GuestMemorySpec(
          image: "win",
          content: PageContent(
            zero: .percent(20), common: .percent(30), duplicate: .percent(1)),
          balloon: BalloonDriverSpec(
            isPresent: true, rate: .mebibytes(10), max: .percent(50),
            resistsBeyond: .percent(40), deflatesOnOOM: true, reportsFreePages: true),
          swap: SwapDeviceSpec(
            kind: .disk, size: .gibibytes(2), latency: .milliseconds(5),
            bandwidth: Bytes(25_000_000)),
          pageCache: .percent(25), rewrittenPerSecond: .percent(1), bootRamp: .seconds(30)))
    #expect(
      entry.memoryPolicy
        == MemoryPolicySpec(
          minimum: .gibibytes(1), startup: .gibibytes(2), isBallooned: false,
          buffer: .percent(150), priority: 70))
    let plain = try #require(Reading(small(vm: "guest_swap: none")).scenario?.vms.first)
    #expect(plain.guestMemory == GuestMemorySpec(swap: .none))
  }

  /// What is written of hosts, hypervisor and reclamation arrives; a device keeps what is usual for its kind.
  @Test func hostsAndReclamationArrive() throws {
    let text = small(
      more: """
        hypervisor: {profile: kvm, balloon_rate: 10MiB/s, page_sharing: between_vms, large_pages: true, scan: {pages_to_scan: 1000, sleep: 50ms, max_page_sharing: 2, use_zero_pages: true, smart_scan: false, advisor_target: 200s}}
        policies: {reclamation: {policy: proportional-share, order: [swap, balloon], idle_tax: 50%, min_free: 1GiB, double_paging: true}}
        """
    ).replacing("memory: 64GiB}", with: "memory: 64GiB, swap: {device: disk, size: 8GiB}}")
    let scenario = try #require(Reading(text).scenario)
    #expect(scenario.clusters[0].hosts[0].swap == .usual(.disk, size: .gibibytes(8)))
    #expect(
      scenario.policies.reclamation
        == ReclamationChoice(
          policy: "proportional-share", order: [.swap, .balloon], idleTax: .percent(50),
          minFree: .gibibytes(1), doublePaging: true))
    let facts = scenario.profile.memory
    #expect(facts.balloon.rate == .mebibytes(10) && facts.usesLargePages)
    #expect(
      facts.sharing
        == SharingFacts(
          scope: .betweenVMs,
          scanner: .ksm(
            KSMSettings(
              pagesToScan: 1_000, sleep: .milliseconds(50), maxPageSharing: 2,
              useZeroPages: true, smartScan: false, advisorTarget: .seconds(200)))))
    let off = try #require(Reading(small(more: "policies: {reclamation: off}")).scenario)
    #expect(off.policies.reclamation == ReclamationChoice(isModelled: false))
    let scan = "hypervisor: {profile: esxi, scan: {whole_vm_within: 10m, per_ghz: 8MiB/s}}"
    let esxi = try #require(Reading(small(more: scan)).scenario)
    #expect(
      esxi.profile.memory.sharing.scanner
        == .esxi(ESXiScan(wholeVMWithin: .seconds(600), bytesPerSecondPerGHz: .mebibytes(8))))
  }

  /// More active memory than has been touched until then is a mistake, as far as the file says what both are.
  @Test(arguments: [
    ("50%", "{steps: {0s: 10%}}", "50%", "10%"),
    ("50%", "{steps: {0s: 30%, 5m: 60%}}", "50%", "30%"),
    ("{steps: {0s: 10%, 5m: 30%}}", "{steps: {0s: 20%, 6m: 40%}}", "30%", "20%"),
    ("{square: {period: 2m, duty: 50%, high: 50%, low: 5%}}", "40%", "50%", "40%"),
    ("60%", "{square: {period: 2m, duty: 50%, high: 50%, low: 5%}}", "60%", "50%"),
  ]) func activeIsTouched(_ active: String, _ touched: String, _ more: String, _ less: String) {
    let text = small(vm: "workload: {cpu: 1%, memory: {active: \(active), touched: \(touched)}}")
    let said = Reading(text).messages
    #expect(
      said.contains("active \(more) is more than touched \(less); lower active or raise touched"))
  }

  /// What has been touched stays touched. Before a first step there is nothing to compare, nor after the end, and what is
  /// drawn or replayed nobody knows.
  @Test(arguments: [
    ("50%", "{steps: {5m: 60%}}"), ("50%", "{steps: {0s: 60%, 5m: 10%}}"),
    ("{steps: {0s: 10%, 1000h: 70%}}", "60%"),
    ("30%", "{square: {period: 2m, duty: 50%, high: 50%, low: 5%}}"),
    ("{steps: {0s: 10%, 5m: 40%}}", "{steps: {0s: 20%, 5m: 40%}}"),
    ("50%", "{diurnal: {mean: 30%, amplitude: 10%, peak: 14h}}"),
  ]) func whatMayBeTouchedIsTaken(_ active: String, _ touched: String) {
    let text = small(vm: "workload: {cpu: 1%, memory: {active: \(active), touched: \(touched)}}")
    #expect(Reading(text).scenario != nil)
  }

  /// oVirt has ballooning off: the key that switches it on is for its policy alone.
  @Test func ballooningIsOVirtsSwitch() throws {
    func reading(_ reclamation: String) -> Reading {
      Reading(small(more: "hypervisor: kvm\npolicies: {reclamation: {\(reclamation)}}"))
    }
    func isOn(_ reclamation: String) throws -> Bool {
      try #require(reading(reclamation).scenario).policies.reclamation.isBallooning
    }
    #expect(try !isOn("policy: mom-ovirt"))
    #expect(try isOn("policy: mom-ovirt, ballooning: true"))
    #expect(reading("policy: mom, ballooning: true").scenario == nil)
    #expect(reading("policy: mom-ovirt, ballooning: true, order: [share]").scenario == nil)
  }

  /// KSM is off on KVM until a policy or the scenario runs it: MoM starts it when memory is short, `page_sharing` at once.
  @Test func whoRunsKSM() throws {
    func sharing(_ more: String) throws -> SharingFacts {
      try #require(Reading(small(more: more)).scenario).profile.memory.sharing
    }
    let waiting = SharingFacts(scope: .betweenVMs, scanner: .ksm(KSMSettings(run: false)))
    #expect(try sharing("hypervisor: kvm").scope == .off)
    #expect(try sharing("hypervisor: kvm\npolicies: {reclamation: {policy: mom}}") == waiting)
    #expect(
      try sharing("hypervisor: {profile: kvm, page_sharing: between_vms}")
        == SharingFacts(scope: .betweenVMs, scanner: .ksm(KSMSettings())))
    let off =
      "hypervisor: {profile: kvm, page_sharing: off}\npolicies: {reclamation: {policy: mom}}"
    #expect(try sharing(off).scope == .off)
  }
}
