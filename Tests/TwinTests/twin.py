"""A slow twin of the simulator, written from the documents alone (docs/MODEL.md, docs/SCENARIO.md, docs/ARCHITECTURE.md).

It walks from one instant at which anything may change to the next, evaluates every demand, divides every host anew and
adds exact fractions. Nothing is cached, nothing is clever. `Twin(scenario, folder).run()` returns the expected rows of
hosts.csv, vms.csv, pools.csv, vms-summary.csv and events.csv, with values as fractions or text.

Units inside: ns, kHz, bytes, parts per million, as in the documents. A rate that a host hands out is a whole kHz there:
rounded down, and what is left goes out by largest fraction, ties to the earlier name. `Twin(..., grain=None)` leaves
that out and divides without rounding; test_twin.py says what both are for.
"""

import csv
import fnmatch
import pathlib
import re
from fractions import Fraction
from math import gcd

SECOND = 10**9
MIB = 2**20
UNLIMITED = None
TIME = {"ns": 1, "us": 10**3, "ms": 10**6, "s": SECOND, "m": 60 * SECOND, "h": 3600 * SECOND, "d": 86400 * SECOND}
CLOCK = {"kHz": 1, "MHz": 10**3, "GHz": 10**6}
MEMORY = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
VM_LEVEL = {"cpu": {"low": 500, "normal": 1000, "high": 2000}, "memory": {"low": 5, "normal": 10, "high": 20}}
POOL_LEVEL = {"cpu": {"low": 2000, "normal": 4000, "high": 8000},
              "memory": {"low": 81920, "normal": 163840, "high": 327680}}
RESOURCES = ("cpu", "memory")
PERCENT = 10**4  # ppm
# Cells of a VM that should run and does not.
IDLE = ("cpu_demand_mhz", "cpu_entitled_mhz", "cpu_used_mhz", "cpu_ready_ms", "cpu_ready_pct_per_vcpu", "cpu_limited_pct_per_vcpu",
        "mem_active_mib", "mem_entitled_mib", "mem_consumed_mib")
PRIORITIES = ("highest", "high", "medium", "low", "lowest", "disabled")


# --- Quantities ---------------------------------------------------------------------------------------------------


def half_up(value):
    return (2 * Fraction(value) + 1) // 2


def quantity(text, units):
    """'1h30m' or '2.6GHz' as a whole number of the smallest unit."""
    total = Fraction(0)
    parts = re.findall(r"([0-9.]+)([A-Za-z]+)", str(text))
    assert parts and "".join(map("".join, parts)) == text, text
    for digits, unit in parts:
        total += Fraction(digits) * units[unit]
    return half_up(total)


def time(text):
    return quantity(text, TIME)


def ppm(text):
    assert text.endswith("%"), text
    return half_up(Fraction(text[:-1]) * PERCENT)


def thousandths(value):
    """Half away from zero."""
    whole = half_up(abs(value) * 1000)
    return whole if value >= 0 else -whole


def percentile(cells, p):
    """Of (value, length): each value as often as its length says, linear between the ranks around p (n - 1)."""
    unit = Fraction(gcd(*(int(length * SECOND) for _, length in cells)), SECOND)
    cells = sorted((value, length / unit) for value, length in cells)

    def at(rank):
        for value, count in cells:
            if rank < count:
                return value
            rank -= count

    rank = p * (sum(count for _, count in cells) - 1)
    low = at(rank // 1)
    return low if rank == rank // 1 else low + (at(rank // 1 + 1) - low) * (rank - rank // 1)


# --- Division by shares -------------------------------------------------------------------------------------------


def exact_division(total, rows):
    """Rows are (floor, cap, shares). Everyone is filled to one level per share, held between floor and cap."""
    total = min(total, sum(cap for _, cap, _ in rows))
    floors = sum(floor for floor, _, _ in rows)
    if floors > total:
        return [Fraction(floor * total, floors) for floor, _, _ in rows]
    if all(shares == 0 for _, _, shares in rows):
        rows = [(floor, cap, 1) for floor, cap, _ in rows]

    def parts(level):
        return [min(Fraction(cap), max(Fraction(floor), level * shares)) for floor, cap, shares in rows]

    below = Fraction(0)
    for point in sorted({Fraction(edge, s) for floor, cap, s in rows if s for edge in (floor, cap)}):
        if sum(parts(point)) >= total:
            low, high = sum(parts(below)), sum(parts(point))
            level = point if high == low else below + (point - below) * (total - low) / (high - low)
            return parts(level)
        below = point
    # Only consumers without shares are left: all of them alike.
    rest = [(max(part, floor), cap, 0 if shares else 1) for part, (floor, cap, shares) in zip(parts(below), rows)]
    return exact_division(total, rest) if any(row[2] for row in rest) else parts(below)


def rounded_parts(total, parts):
    """Whole numbers that add up to `total`: down, then one more each by largest fraction, ties to the first."""
    whole = [part // 1 for part in parts]
    left = int(total - sum(whole))
    assert 0 <= left <= len(parts), (total, parts)
    for index in sorted(range(len(parts)), key=lambda i: (-(parts[i] - whole[i]), i))[:left]:
        whole[index] += 1
    return whole


def division(total, rows, grain):
    parts = exact_division(total, rows)
    return rounded_parts(min(total, sum(cap for _, cap, _ in rows)), parts) if grain else parts


def proportional(total, weights, grain):
    """`total` in proportion to weights that are not all zero."""
    parts = [Fraction(total) * weight / sum(weights) for weight in weights]
    return rounded_parts(total, parts) if grain else parts


# --- Demand -------------------------------------------------------------------------------------------------------


class Trace:
    """The plain table time,vm,cpu_pct,mem_pct."""

    def __init__(self, entry, folder):
        path = pathlib.Path(folder) / entry["path"]
        rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
        start = min(Fraction(row["time"]) for row in rows)
        self.series = {}
        for row in rows:  # of equal timestamps the last row wins
            at = half_up((Fraction(row["time"]) - start) * SECOND)
            values = [min(half_up(Fraction(row[key]) * PERCENT), 10**6) if row.get(key) is not None else 0
                      for key in ("cpu_pct", "mem_pct")]
            self.series.setdefault(row["vm"], {})[at] = values
        self.names = sorted(self.series, key=lambda name: name.encode())
        steps = sorted(b - a for samples in self.series.values() for a, b in zip(sorted(samples), sorted(samples)[1:]))
        nominal = time(entry["interval"]) if "interval" in entry else steps[(len(steps) - 1) // 2] if steps else 300 * SECOND
        self.end = {name: max(samples) + nominal for name, samples in self.series.items()}
        self.length = max(self.end.values())
        self.at_end = entry.get("at_end", "stop")


class Curve:
    """Parts per million over time."""

    def __init__(self, form, column, vm, traces):
        self.form, self.column, self.vm = form, column, vm
        if isinstance(form, str):
            self.form = form = {"constant": form}
        if "trace" in form:
            self.trace = traces[form["trace"]]
            names = self.trace.names
            self.samples = self.trace.series[form["series"] if "series" in form else names[vm.k % len(names)]]
            self.ends = self.trace.end[form["series"] if "series" in form else names[vm.k % len(names)]]
            self.at_end = form.get("at_end", self.trace.at_end)

    def value(self, t):
        form = self.form
        if "constant" in form:
            return ppm(form["constant"])
        if "steps" in form:
            before = [(time(at), value) for at, value in form["steps"].items() if time(at) <= t]
            return ppm(max(before)[1]) if before else 0
        if "square" in form:
            square = form["square"]
            period = time(square["period"])
            high = (t % period) * 10**6 < ppm(square["duty"]) * period
            return ppm(square["high"] if high else square.get("low", "0%"))
        if self.at_end == "repeat":
            t %= self.trace.length
        last = max((at for at in self.samples if at <= t), default=None)
        if last is None or (t >= self.ends and self.at_end != "hold"):
            return 0
        return self.samples[last][self.column]

    def changes(self, duration):
        form = self.form
        if "steps" in form:
            yield from (time(at) for at in form["steps"])
        elif "square" in form:
            period = time(form["square"]["period"])
            for start in range(0, duration, period):
                yield start
                yield start - (-ppm(form["square"]["duty"]) * period // 10**6)  # rounded up: the first that is low
        elif "trace" in form:
            for round_ in range(0, duration if self.at_end == "repeat" else 1, self.trace.length):
                yield from (round_ + at for at in (0, *self.samples, self.ends))


# --- The world ----------------------------------------------------------------------------------------------------


class Host:
    def __init__(self, cluster, entry, name, profile):
        self.cluster, self.name = cluster, name
        cpu = entry["cpu"]
        self.mhz = cpu["mhz"]
        self.clock = cpu["mhz"] * 1000
        self.capacity = {"cpu": cpu.get("sockets", 1) * cpu["cores"] * self.clock,
                         "memory": quantity(entry["memory"], MEMORY)}
        memory = self.capacity["memory"]
        own = 512 * MIB if profile == "kvm" else 1024 * MIB + -(-memory * 2 // 100)
        self.offered = {"cpu": self.capacity["cpu"], "memory": memory - min(own, memory)}  # to admission and placement
        self.up = True
        self.capacity_time = 0  # of CPU, in this sample
        self.part = {}  # of pools: (resource, pool) -> (reservation, limit, shares)
        self.over = False


class Settings:
    """Reservation, limit and shares of a VM or a pool, for CPU and memory."""

    def __init__(self, entry, memory_key, levels, default):
        self.levels = levels
        self.reservation = {"cpu": 0, "memory": 0}
        self.limit = {"cpu": UNLIMITED, "memory": UNLIMITED}
        self.shares = dict(default)
        self.update(entry, memory_key)

    def update(self, entry, memory_key):
        for resource, key, units in (("cpu", "cpu", CLOCK), ("memory", memory_key, MEMORY)):
            said = entry.get(key, {})
            if "reservation" in said:
                self.reservation[resource] = quantity(said["reservation"], units)
            if "limit" in said:
                limit = said["limit"]
                self.limit[resource] = UNLIMITED if limit == "unlimited" else quantity(limit, units)
            if "shares" in said:
                shares = said["shares"]
                self.shares[resource] = shares if isinstance(shares, int) else self.levels[resource][shares]


class Pool:
    def __init__(self, entry, cluster, parent, path, profile):
        self.cluster, self.parent, self.path = cluster, parent, path
        self.pools, self.vms = [], []
        default = {"cpu": 1024 if profile == "kvm" else 4000, "memory": 163840}
        self.settings = Settings(entry, "memory", POOL_LEVEL, default)
        self.expandable = {resource: entry.get(resource, {}).get("expandable", True) for resource in RESOURCES}
        for child in entry.get("pools", []):
            self.pools.append(Pool(child, cluster, self, f"{path}/{child['name']}" if path else child["name"], profile))
        self.pools.sort(key=lambda pool: pool.path.encode())

    def all_pools(self):
        yield self
        for pool in self.pools:
            yield from pool.all_pools()

    def all_vms(self):
        return [vm for pool in self.all_pools() for vm in pool.vms]


class VM:
    def __init__(self, entry, name, k, pool, profile, traces):
        self.entry, self.name, self.k, self.pool, self.traces = entry, name, k, pool, traces
        self.vcpus = entry["vcpus"]
        self.priority = PRIORITIES.index(entry.get("restart_priority", "medium"))
        self.memory = quantity(entry["memory"], MEMORY)
        levels = {"cpu": {level: n * self.vcpus for level, n in VM_LEVEL["cpu"].items()},
                  "memory": {level: n * -(-self.memory // MIB) for level, n in VM_LEVEL["memory"].items()}}
        default = {"cpu": 1024 if profile == "kvm" else 1000 * self.vcpus, "memory": 10 * -(-self.memory // MIB)}
        self.settings = Settings(entry, "memory_policy", levels, default)
        self.curves = {}
        self.set_workload(entry.get("workload", {}))
        self.on, self.host, self.last_host = False, None, None
        self.state, self.admitted = "off", True
        self.restart = None        # after a failure: not before this instant, only on this host (or None)
        self.down = False          # off since a failure, waiting or not
        self.overhead = overhead(profile, self.memory, self.vcpus)
        self.demand = self.rate = self.limited = 0
        self.mapped = self.active = 0
        self.seen = None           # observed CPU demand
        self.run = self.waited = Fraction(0)  # since it was last observed, in ns of one vCPU; a host reports whole ns
        self.seen_at = 0                      # when that was
        self.entitled = {"cpu": 0, "memory": 0}
        self.window()

    def window(self):
        """A new sample begins."""
        self.time_on = 0
        self.sums = {}  # by host: demanded, delivered, and what limits would have let pass, in kHz ns
        self.steps = []

    def set_workload(self, workload):
        memory = workload.get("memory", {})
        for key, form, column in (("cpu", workload.get("cpu"), 0), ("active", memory.get("active"), 1),
                                  ("touched", memory.get("touched"), 1)):
            if form is not None:
                self.curves[key] = Curve(form, column, self, self.traces)
            elif key not in self.curves:
                self.curves[key] = Curve("100%" if key == "touched" else "0%", column, self, self.traces)

    @property
    def charge(self):
        return {"cpu": self.settings.reservation["cpu"], "memory": self.settings.reservation["memory"] + self.overhead}

    @property
    def size(self):
        return {"cpu": self.vcpus * self.host.clock, "memory": self.memory}

    def limit(self, resource):
        """The smallest of size, limit and quota."""
        limits = [self.size[resource]]
        if self.settings.limit[resource] is not UNLIMITED:
            limits.append(self.settings.limit[resource])
        if resource == "cpu":
            limits.append(self.ceiling(self.host))
        return min(limits)

    def ceiling(self, host):
        """Of CPU, by limit and quota at a host's clock."""
        limit, said = self.settings.limit["cpu"], self.entry.get("cpu", {})
        limits = [float("inf") if limit is UNLIMITED else limit]
        if "quota" in said:
            count = self.vcpus if said.get("quota_scope", "vm") == "vcpu" else 1
            limits.append(time(said["quota"]) * count * host.clock // time(said.get("quota_period", "100ms")))
        return min(limits)


def overhead(profile, memory, vcpus):
    """Host memory beside the guest's own, in bytes, rounded up once."""
    if profile == "kvm":
        return 40 * MIB - (-memory // 512) + 8 * MIB * vcpus
    base, share, per_vcpu, share_per_vcpu = 19_241_370, 7_405_000, 4_172_284, 8_990
    return base + (vcpus - 1) * per_vcpu - (-memory * (share + (vcpus - 1) * share_per_vcpu) // 10**9)


def ready(host, means, span):
    """Milliseconds over all vCPUs."""
    demand, used, _ = means
    return (demand - used) / host.mhz * span / 10**6


class Twin:
    def __init__(self, scenario, folder=".", grain=1):
        self.grain = grain
        self.duration = time(scenario["duration"])
        interval = time(scenario.get("interval", "5m"))
        self.record = time(scenario.get("record", {}).get("interval", f"{interval}ns"))
        self.control = time(scenario.get("control", {}).get("interval", "20s"))
        policies = scenario.get("policies", {})
        self.placement = policies.get("placement", "load-balance")
        self.strict = policies.get("admission") == "strict"
        self.failover = policies.get("failover", {"policy": "none"})
        profile = scenario.get("hypervisor", "esxi")
        traces = {name: Trace(entry, folder) for name, entry in scenario.get("traces", {}).items()}
        self.hosts, self.roots, self.vms = [], {}, []
        for cluster in scenario["clusters"]:
            self.roots[cluster["name"]] = Pool({"pools": cluster.get("pools", [])}, cluster["name"], None, "", profile)
            for entry in cluster["hosts"]:
                count = entry.get("count", 1)
                for k in range(count):
                    self.hosts.append(Host(cluster["name"], entry, entry["name"] + (f"-{k}" if count > 1 else ""), profile))
        for entry in scenario["vms"]:
            root = self.roots[entry.get("cluster", scenario["clusters"][0]["name"])]
            pool = next(pool for pool in root.all_pools() if pool.path == entry.get("pool", ""))
            count = entry.get("count", 1)
            for k in range(count):
                name = entry["name"] + (f"-{k}" if count > 1 else "")
                self.vms.append(VM(entry, name, k, pool, profile, traces))
        self.hosts.sort(key=lambda host: host.name.encode())
        self.vms.sort(key=lambda vm: vm.name.encode())
        for vm in self.vms:
            vm.pool.vms.append(vm)
        self.events = [(time(event["at"]), event) for event in scenario.get("events", [])]
        self.events.sort(key=lambda event: event[0])
        self.rows = {name: [] for name in ("hosts.csv", "vms.csv", "pools.csv", "vms-summary.csv", "events.csv")}

    # --- Time -----------------------------------------------------------------------------------------------------

    def run(self):
        self.sample_start = 0
        now = 0
        for t in self.instants():
            self.advance(now, t)
            now = t
            if t > 0 and t % self.control == 0:
                for cluster in self.roots:
                    self.meet(self.members(cluster), t, cluster)
                for vm in self.vms:
                    vm.steps.append(vm.entitled["cpu"] if vm.on else 0)
            if t > 0 and (t % self.record == 0 or t == self.duration):
                self.sample(t)
            if t == self.duration:
                break
            self.change(t)
        self.summarise()
        return self.rows

    def instants(self):
        times = {0, self.duration, *range(self.control, self.duration, self.control),
                 *range(self.record, self.duration, self.record)}
        times.update(at for at, _ in self.events)
        times.update(at + self.patience() for at, event in self.events if "fail" in event)
        for vm in self.vms:
            times.update(time(vm.entry[key]) for key in ("start", "stop") if key in vm.entry)
            for curve in vm.curves.values():
                times.update(curve.changes(self.duration))
        for _, event in self.events:
            workload = event.get("set", {}).get("workload", {})
            for form in (workload.get("cpu"), *workload.get("memory", {}).values()):
                for vm in self.vms if form is not None else []:
                    times.update(Curve(form, 0, vm, vm.traces).changes(self.duration))
        return sorted(t for t in times if 0 <= t <= self.duration)

    def advance(self, start, end):
        span = end - start
        for host in self.hosts:
            host.capacity_time += self.cpu(host) * span
        for vm in self.vms:
            if not vm.on:
                continue
            vm.time_on += span
            sums = vm.sums.setdefault(vm.host, [0, 0, 0])
            for index, rate in enumerate((vm.demand, vm.rate, vm.demand - vm.limited)):
                sums[index] += rate * span
            vm.run += Fraction(vm.rate * span, vm.host.clock)
            vm.waited += Fraction((vm.demand - vm.rate) * span, vm.host.clock)

    # --- What changes at an instant -------------------------------------------------------------------------------

    def change(self, t):
        touched = set()

        def power(vm, on):
            was = vm.on
            if on and not vm.on and not vm.restart:
                self.start(vm, t)
            elif not on:
                self.stop(vm, t)
            if vm.on != was:
                touched.add(vm.last_host)

        for vm in self.vms:
            if "stop" in vm.entry and time(vm.entry["stop"]) == t:
                power(vm, False)
        for vm in self.vms:
            if time(vm.entry.get("start", "0s")) == t:
                power(vm, True)
        for at, event in self.events:
            if at != t:
                continue
            if "power" in event:
                for vm in self.named(event["power"]["vm"]):
                    power(vm, event["power"]["state"] == "on")
                continue
            if "fail" in event or "recover" in event:
                for host in self.hosts:
                    if "fail" in event and host.name == event["fail"]["host"] and host.up:
                        self.fail(host, t)
                        touched.add(host)
                    if "recover" in event and host.name == event["recover"]["host"] and not host.up:
                        host.up = True
                        self.event(t, "host_recovered", host.name, "failed", "on")
                        touched.add(host)
                continue
            said = event["set"]
            if "pool" in said:
                for root in self.roots.values():
                    for pool in root.all_pools():
                        if pool.path and said["pool"] in (pool.path, f"{pool.cluster}:{pool.path}"):
                            pool.settings.update(said, "memory")
                            touched.update(host for host in self.hosts if host.cluster == pool.cluster)
                continue
            for vm in self.named(said["vm"]):
                vm.settings.update(said, "memory_policy")
                if ("cpu" in said or "memory_policy" in said) and vm.on:
                    touched.add(vm.host)
                if "workload" in said:
                    vm.set_workload(said["workload"])
                    self.evaluate(vm, t)
        for cluster in sorted(self.roots):
            touched.update(self.restart(cluster, t))
        for cluster in sorted({host.cluster for host in touched}):
            # Where pools are divided, all hosts of the cluster meet.
            pools = self.roots[cluster].pools
            self.meet([host for host in self.members(cluster) if pools or host in touched], t, cluster)
        for vm in self.vms:
            self.evaluate(vm, t)
        for host in self.hosts:
            self.divide(host)
            over = self.consumed(host) > host.capacity["memory"]
            if over != host.over:
                self.event(t, "overcommitted", host.name, str(host.over).lower(), str(over).lower())
                host.over = over

    def event(self, t, kind, subject, old, new):
        self.rows["events.csv"].append(
            {"time_s": Fraction(t, SECOND), "event": kind, "subject": subject, "from": old, "to": new})

    def named(self, pattern):
        entry = [vm for vm in self.vms if vm.entry["name"] == pattern]
        exact = [vm for vm in self.vms if vm.name == pattern]
        return exact or entry or [vm for vm in self.vms if fnmatch.fnmatchcase(vm.name, pattern)]

    def start(self, vm, t):
        host = self.admitted(vm)
        vm.admitted = host is not None
        if host is None:
            vm.state = "refused"
            self.event(t, "refused", vm.name, "", "")
            return
        self.put(vm, host, t)
        self.event(t, "power_on", vm.name, "", host.name)

    def put(self, vm, host, t):
        vm.host = vm.last_host = host
        vm.on, vm.state, vm.restart, vm.down = True, "on", None, False
        vm.seen, vm.seen_at, vm.mapped = None, t, 0
        vm.run = vm.waited = Fraction(0)
        self.evaluate(vm, t)

    def stop(self, vm, t):
        vm.state = "off"
        if vm.on or vm.down:
            self.event(t, "power_off", vm.name, vm.host.name, "")
        vm.restart, vm.down = None, False
        if vm.on:
            self.off(vm)

    def off(self, vm):
        vm.on = False
        vm.demand = vm.rate = vm.limited = 0
        vm.mapped = vm.active = 0
        vm.entitled["memory"] = 0

    # --- Admission, failures and restarts -------------------------------------------------------------------------

    def cpu(self, host):
        return host.capacity["cpu"] if host.up else 0

    def short(self, root, resource, more, kept=True):
        """The pools that hold more than they may, with a VM more; what failover keeps is not the root's."""
        short = []

        def held(pool):
            vms = [vm for vm in pool.vms if vm.on or vm is more]
            total = sum(vm.charge[resource] for vm in vms) + sum(taken(child) for child in pool.pools)
            if pool.parent is None:
                ceiling = self.offered(root.cluster, resource, kept)
            elif pool.expandable[resource]:
                ceiling = pool.settings.limit[resource]
            else:
                ceiling = pool.settings.reservation[resource]
            if ceiling is not UNLIMITED and total > ceiling:
                short.append(pool)
            return total

        def taken(pool):
            total, own = held(pool), pool.settings.reservation[resource]
            return max(own, total) if pool.expandable[resource] else own

        held(root)
        return short

    def reserved(self, pool, resource):
        """What VMs and child pools have reserved from a pool; where that is counted, with overhead and borrowings."""
        if not self.strict:
            return (sum(vm.settings.reservation[resource] for vm in pool.vms if vm.on)
                    + sum(child.settings.reservation[resource] for child in pool.pools))
        taken = 0
        for child in pool.pools:
            own, below = child.settings.reservation[resource], self.reserved(child, resource)
            taken += max(own, below) if child.expandable[resource] else own
        return sum(vm.charge[resource] for vm in pool.vms if vm.on) + taken

    def offered(self, cluster, resource, kept=True):
        members = self.members(cluster)
        total = sum(host.offered[resource] for host in members if host.up)
        if kept and self.failover["policy"] == "percentage":
            total -= -(-total * min(self.failover["tolerate"], len(members)) // len(members))
        return total

    def is_promised(self, vm, kept=True):
        """Whether pools and failover take a VM: of what it asks for, nothing is short before or then."""
        root = self.roots[vm.pool.cluster]
        first = next(host for host in self.members(root.cluster)
                     if not kept or host.name == vm.entry.get("host", host.name))
        if vm.ceiling(first) < vm.settings.reservation["cpu"]:
            return False
        if kept and self.failover["policy"] != "none":
            for resource in RESOURCES:
                least = 32_000 if resource == "cpu" else 0
                charges = [other.charge[resource] or least for host in self.members(root.cluster) for other in self.on(host)]
                more = vm.charge[resource] or least
                if more > 0 and sum(charges) + more > self.offered(root.cluster, resource):
                    return False
        return all(vm.charge[resource] == 0
                   or not self.short(root, resource, None, kept) and not self.short(root, resource, vm, kept)
                   for resource in RESOURCES)

    def has_room(self, vm, host):
        return all(sum(other.charge[resource] for other in [*self.on(host), vm]) <= host.offered[resource]
                   for resource in RESOURCES)

    def admitted(self, vm):
        """The host that takes a VM at its power-on, or None."""
        if self.strict and not self.is_promised(vm):
            return None
        return self.place(vm)

    def patience(self):
        said = self.failover
        return 0 if said["policy"] == "none" else time(said.get("detection", "15s")) + time(said.get("restart", "30s"))

    def fail(self, host, t):
        self.event(t, "host_failed", host.name, "on", "failed")
        host.up = False
        for vm in self.on(host):
            self.event(t, "power_off", vm.name, host.name, "")
            self.off(vm)
            vm.state, vm.down = "off", True
            if vm.priority < PRIORITIES.index("disabled"):
                vm.state = "restarting"
                vm.restart = (t + self.patience(), host if self.failover["policy"] == "none" else None)
                vm.told = False

    def restart(self, cluster, t):
        """Starts again who waits and can; the hosts that took someone."""
        took = []
        waiting = [vm for vm in self.vms if vm.restart and vm.restart[0] <= t and vm.pool.cluster == cluster]
        for vm in sorted(waiting, key=lambda vm: (vm.priority, -vm.charge["memory"], -vm.charge["cpu"], vm.name.encode())):
            only = vm.restart[1]
            if only and not only.up:
                continue
            host, last = self.restarted(vm, only), vm.host
            if host:
                self.put(vm, host, t)
                self.event(t, "restart", vm.name, last.name, host.name)
                took.append(host)
            elif not vm.told:
                vm.told = True
                self.event(t, "refused", vm.name, last.name, "")
        return took

    def restarted(self, vm, only):
        if not self.strict:
            # Where its reservations are kept, if there is such a host.
            return only or self.place(vm, anywhere=True, with_room=True) or self.place(vm, anywhere=True)
        if not self.is_promised(vm, kept=False):
            return None
        fitting = [host for host in ([only] if only else self.members(vm.pool.cluster)) if host.up and self.has_room(vm, host)]

        def fullness(host):
            return max(Fraction(sum(other.charge[resource] for other in [*self.on(host), vm]), host.offered[resource])
                       for resource in RESOURCES)

        return min(fitting, key=fullness, default=None)

    # --- Demand and hosts -----------------------------------------------------------------------------------------

    def evaluate(self, vm, t):
        if not vm.on:
            return
        value = {key: curve.value(t) for key, curve in vm.curves.items()}
        vm.demand = vm.size["cpu"] * value["cpu"] // 10**6
        vm.active = vm.memory * value["active"] // 10**6
        vm.mapped = max(vm.mapped, vm.active, vm.memory * value["touched"] // 10**6)

    def members(self, cluster):
        return [host for host in self.hosts if host.cluster == cluster]

    def consumed(self, host):
        return sum(vm.mapped for vm in self.on(host))

    def on(self, host):
        return [vm for vm in self.vms if vm.on and vm.host is host]

    def place(self, vm, anywhere=False, with_room=False):
        hosts = [host for host in self.members(vm.pool.cluster) if host.up]
        if "host" in vm.entry and not anywhere:
            hosts = [host for host in hosts if host.name == vm.entry["host"]]
        if self.strict or with_room:
            hosts = [host for host in hosts if self.has_room(vm, host)]
        if not hosts:
            return None

        def ratio(host, what, own):
            capacity = host.offered["memory" if what == "memory" else "cpu"]
            return Fraction(sum(own(other, host) for other in [*self.on(host), vm]), capacity)

        def memory(host):
            return ratio(host, "memory", lambda other, _: other.memory)

        def clock(host):
            return ratio(host, "cpu", lambda other, host: other.vcpus * host.clock)

        def reserved(host):
            return ratio(host, "cpu", lambda other, _: other.settings.reservation["cpu"])

        if self.placement == "first-fit":
            for host in hosts:
                if memory(host) <= 1 and reserved(host) <= 1:
                    return host
        fits = [host for host in hosts if memory(host) <= 1]
        if fits:
            return min(fits, key=lambda host: max(clock(host), memory(host)))
        return min(hosts, key=memory)

    # --- Division -------------------------------------------------------------------------------------------------

    def tree(self, pool, resource, vms, wanted, capacity, part):
        """What the VMs among `vms` get of `capacity`, and what each pool gets; `part(pool)` says its settings there."""
        claims = {}

        def claim(node):
            if isinstance(node, VM):
                cap = min(wanted(node), node.limit(resource))
                claims[node] = (min(node.settings.reservation[resource], cap), cap, node.settings.shares[resource])
                return claims[node]
            rows = [claim(child) for child in children(node)]
            reservation, limit, shares = part(node)
            demand = sum(cap for _, cap, _ in rows)
            if limit is not UNLIMITED:
                demand = min(demand, limit)
            claims[node] = (min(max(reservation, sum(floor for floor, _, _ in rows)), demand), demand, shares)
            return claims[node]

        def children(node):
            members = [vm for vm in vms if vm.pool is node]
            pools = [child for child in node.pools if any(vm in vms for vm in child.all_vms())]
            return pools + members

        got = {pool: capacity}

        def share(node):
            below = children(node)
            parts = division(got[node], [claims[child] for child in below], self.grain)
            for child, value in zip(below, parts):
                got[child] = value
                if isinstance(child, Pool):
                    share(child)

        for child in children(pool):
            claim(child)
        share(pool)
        return got

    def divide(self, host):
        """The machine: rates by true demand, at once."""
        vms = self.on(host)
        root = self.roots[host.cluster]
        got = self.tree(root, "cpu", vms, lambda vm: vm.demand, self.cpu(host),
                        lambda pool: host.part["cpu", pool])
        for vm in vms:
            vm.rate = got[vm]
            vm.limited = vm.demand - min(vm.demand, vm.limit("cpu"))
            pool = vm.pool
            while pool.parent:
                limit = host.part["cpu", pool][1]
                if limit is not UNLIMITED and got[pool] >= limit:
                    vm.limited = vm.demand - vm.rate
                pool = pool.parent

    def meet(self, hosts, t, cluster):
        """Observe hosts, divide the cluster's pools over all its hosts, decide."""
        for host in hosts:
            for vm in self.on(host):
                if t == vm.seen_at:
                    continue
                busy = half_up(vm.run) + half_up(vm.waited) if self.grain else vm.run + vm.waited
                seen = Fraction(busy) * vm.host.clock / (t - vm.seen_at)
                vm.seen = min(half_up(seen) if self.grain else seen, vm.size["cpu"])
                vm.run, vm.waited, vm.seen_at = Fraction(0), Fraction(0), t
        root = self.roots[cluster]
        members = self.members(cluster)
        running = [vm for host in members for vm in self.on(host)]
        wanted = {"cpu": lambda vm: vm.size["cpu"] if vm.seen is None else vm.seen, "memory": lambda vm: vm.mapped}
        for resource in RESOURCES:
            got = self.tree(root, resource, running, wanted[resource],
                            sum(self.cpu(host) if resource == "cpu" else host.capacity[resource] for host in members),
                            lambda pool: (pool.settings.reservation[resource], pool.settings.limit[resource],
                                          pool.settings.shares[resource]))
            for pool in root.all_pools():
                self.part(pool, resource, members, running, got)
            for host in hosts:
                got = self.tree(root, resource, self.on(host), wanted[resource],
                                self.cpu(host) if resource == "cpu" else host.capacity[resource],
                                lambda pool: host.part[resource, pool])
                for vm in self.on(host):
                    vm.entitled[resource] = got[vm]

    def part(self, pool, resource, members, running, got):
        """The parts of one pool on the hosts where it has VMs."""
        below = [vm for vm in pool.all_vms() if vm in running]
        there = [host for host in members if any(vm.host is host for vm in below)]
        for host in members:
            host.part[resource, pool] = (0, 0, 0)
        if not there:
            return
        weights = [sum(got[vm] for vm in below if vm.host is host) for host in there]
        if sum(weights) == 0:
            weights = [sum(vm.size[resource] for vm in below if vm.host is host) for host in there]
        values = []
        for total in (pool.settings.reservation[resource], pool.settings.limit[resource]):
            values.append([UNLIMITED] * len(there) if total is UNLIMITED else proportional(total, weights, self.grain))
        # Shares go out in thousandths: whole ones would leave a host of few shares with none.
        shares = proportional(1000 * pool.settings.shares[resource], weights, self.grain)
        values.append([Fraction(part, 1000) for part in shares])
        for index, host in enumerate(there):
            host.part[resource, pool] = tuple(column[index] for column in values)

    # --- Rows -----------------------------------------------------------------------------------------------------

    def sample(self, t):
        span = t - self.sample_start
        head = {"time_s": Fraction(t, SECOND), "interval_s": Fraction(span, SECOND)}
        for vm in self.vms:
            steps = (vm.steps or [vm.entitled["cpu"]]) if vm.time_on else [0]
            vm.mean_entitled = self.mean(Fraction(sum(steps), len(steps)))
            vm.means = {host: [self.mean(Fraction(total, span)) for total in sums] for host, sums in vm.sums.items()}
            vm.mean_used = sum((used for _, used, _ in vm.means.values()), Fraction(0))
            if not vm.time_on:
                if vm.state != "off":
                    self.rows["vms.csv"].append({
                        **head, "vm": vm.name, "host": "", "pool": vm.pool.path, "state": vm.state, **{key: Fraction(0) for key in IDLE},
                        "mem_configured_mib": Fraction(vm.memory, MIB)})
                continue
            self.rows["vms.csv"].append({
                **head, "vm": vm.name, "host": vm.last_host.name, "pool": vm.pool.path, "state": vm.state,
                "cpu_demand_mhz": sum(demand for demand, _, _ in vm.means.values()),
                "cpu_entitled_mhz": vm.mean_entitled, "cpu_used_mhz": vm.mean_used,
                "cpu_ready_ms": sum(ready(host, means, span) for host, means in vm.means.items()),
                "cpu_ready_pct_per_vcpu": 100 * sum((demand - used) / (vm.vcpus * host.mhz)
                                                    for host, (demand, used, _) in vm.means.items()),
                "cpu_limited_pct_per_vcpu": 100 * sum((demand - passed) / (vm.vcpus * host.mhz)
                                                      for host, (demand, _, passed) in vm.means.items()),
                "mem_configured_mib": Fraction(vm.memory, MIB), "mem_active_mib": Fraction(vm.active, MIB),
                "mem_entitled_mib": Fraction(vm.entitled["memory"]) / MIB, "mem_consumed_mib": Fraction(vm.mapped, MIB)})
        for host in self.hosts:
            on = self.on(host)
            means = [vm.means[host] for vm in self.vms if host in vm.means]
            # A sum of rounded means does not pass what the host has.
            capacity = self.mean(Fraction(host.capacity_time, span))
            host.capacity_time = 0
            used = min(sum((used for _, used, _ in means), Fraction(0)), capacity)
            consumed = Fraction(self.consumed(host), MIB)
            self.rows["hosts.csv"].append({
                **head, "host": host.name, "state": "on" if host.up else "failed", "vms": len(on), "vcpus": sum(vm.vcpus for vm in on),
                "cpu_capacity_mhz": capacity, "cpu_demand_mhz": sum((demand for demand, _, _ in means), Fraction(0)),
                "cpu_used_mhz": used, "cpu_used_pct": 100 * used / capacity if capacity else Fraction(0),
                "cpu_ready_ms": sum((ready(host, each, span) for each in means), Fraction(0)),
                "mem_capacity_mib": Fraction(host.capacity["memory"], MIB),
                "mem_free_mib": Fraction(host.capacity["memory"], MIB) - consumed, "mem_consumed_mib": consumed})
        for cluster in sorted(self.roots, key=str.encode):
            for pool in sorted(self.roots[cluster].all_pools(), key=lambda pool: pool.path.encode()):
                vms, settings = pool.all_vms(), pool.settings
                row = {**head, "cluster": cluster, "pool": pool.path}
                for resource, column, unit, used, entitled in (
                        ("cpu", "mhz", 1000, lambda vm: vm.mean_used, lambda vm: vm.mean_entitled),
                        ("memory", "mib", MIB, lambda vm: Fraction(vm.mapped, MIB),
                         lambda vm: Fraction(vm.entitled["memory"]) / MIB)):
                    name = "cpu" if resource == "cpu" else "mem"
                    limit = settings.limit[resource]
                    root = pool.parent is None
                    row |= {
                        f"{name}_reservation_{column}": "" if root else Fraction(settings.reservation[resource], unit),
                        f"{name}_limit_{column}": "" if root or limit is UNLIMITED else Fraction(limit, unit),
                        f"{name}_shares": "" if root else settings.shares[resource],
                        f"{name}_entitled_{column}": sum(map(entitled, vms), Fraction(0)),
                        f"{name}_used_{column}": sum(map(used, vms), Fraction(0)),
                        f"{name}_reserved_by_children_{column}": Fraction(
                            self.reserved(pool, resource), unit)}
                self.rows["pools.csv"].append(row)
        for vm in self.vms:
            vm.window()
        self.sample_start = t

    def mean(self, kilohertz):
        """MHz of a mean rate: a whole kHz, as every rate; what is derived from it and sums over VMs start from there."""
        return Fraction(half_up(kilohertz) if self.grain else kilohertz) / 1000

    def summarise(self):
        """Means and percentiles of the cells, over the rows of the VM, weighted by their intervals."""
        for vm in self.vms:
            row = {"vm": vm.name, "host_last": vm.last_host.name if vm.last_host else "", "pool": vm.pool.path,
                   "admitted": str(vm.admitted).lower()}
            if vm.admitted:
                row["refusal"] = ""
            own = [sample for sample in self.rows["vms.csv"] if sample["vm"] == vm.name and sample["host"]]
            for metric in ("cpu_used_mhz", "cpu_ready_pct_per_vcpu", "cpu_limited_pct_per_vcpu", "mem_consumed_mib"):
                cells = [(thousandths(sample[metric]), sample["interval_s"]) for sample in own]
                if not cells:
                    continue
                whole = sum(length for _, length in cells)
                row[f"{metric}_mean"] = sum(cell * length for cell, length in cells) / whole / 1000
                for p in (50, 95, 99):
                    row[f"{metric}_p{p}"] = Fraction(percentile(cells, Fraction(p, 100))) / 1000
                row[f"{metric}_max"] = Fraction(max(cells)[0], 1000)
            self.rows["vms-summary.csv"].append(row)
