/// What `ballast init` writes: a small scenario that runs, with the lines a user changes first.
public let scenarioTemplate = """
  # yaml-language-server: $schema=./scenario.schema.json
  #
  # Two hosts, a pool for what matters and a pool for the rest, and a question.
  # Check it:  ballast validate scenario.yaml
  # Run it:    ballast run scenario.yaml
  ballast: 1                    # version of this format
  duration: 24h
  interval: 5m                  # step of workloads and of the results
  hypervisor: esxi              # or kvm

  clusters:
    - name: prod
      hosts:
        # count: 2 makes esx-0 and esx-1; cores are per socket
        - {name: esx, count: 2, cpu: {sockets: 2, cores: 8, threads: 2, mhz: 2600}, memory: 128GiB}
      pools:
        - name: gold
          cpu: {reservation: 10GHz, shares: high}
          memory: {reservation: 64GiB, shares: high}
        - name: bronze
          cpu: {shares: low}

  vms:
    - name: web                 # web-0 ... web-7
      count: 8
      pool: gold
      vcpus: 4
      memory: 8GiB
      workload:
        cpu: {diurnal: {mean: 40%, amplitude: 30%, peak: 14h}}
        memory: {active: 35%, touched: 80%}
    - name: batch
      count: 12
      pool: bronze
      vcpus: 4
      memory: 8GiB
      cpu: {limit: 8GHz}        # never more, even on an idle host
      workload:
        cpu: {steps: {0h: 100%, 6h: 20%, 20h: 100%}}
        memory: {active: 50%}

  policies:
    placement: load-balance     # or first-fit

  events:
    - {at: 12h, set: {vm: batch, cpu: {limit: 4GHz}}}

  expect:                       # `ballast run` exits with 1 when one is not met
    - {metric: cpu_ready_pct_per_vcpu, of: {vms: web-*}, statistic: p95, at_most: 5}

  """
