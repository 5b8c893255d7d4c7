#include "libvirt_abi.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct symbol {
  const char *name;
  size_t offset;
};

#define SYMBOL(name, member) {name, offsetof(ballast_libvirt, member)}

static const struct symbol symbols[] = {
    SYMBOL("virInitialize", initialize),
    SYMBOL("virSetErrorFunc", set_error_func),
    SYMBOL("virGetLastError", last_error),
    SYMBOL("virConnectOpen", open),
    SYMBOL("virConnectOpenReadOnly", open_read_only),
    SYMBOL("virConnectClose", close),
    SYMBOL("virConnectIsAlive", is_alive),
    SYMBOL("virConnectGetAllDomainStats", all_stats),
    SYMBOL("virDomainStatsRecordListFree", free_stats),
    SYMBOL("virDomainLookupByUUIDString", lookup_uuid),
    SYMBOL("virDomainFree", free_domain),
    SYMBOL("virDomainGetName", name),
    SYMBOL("virDomainGetID", id),
    SYMBOL("virDomainGetUUID", uuid),
    SYMBOL("virDomainGetUUIDString", uuid_string),
    SYMBOL("virDomainIsPersistent", is_persistent),
    SYMBOL("virDomainGetXMLDesc", xml),
    SYMBOL("virDomainGetJobInfo", job),
    SYMBOL("virDomainGetSchedulerType", scheduler_type),
    SYMBOL("virDomainGetSchedulerParametersFlags", scheduler),
    SYMBOL("virDomainSetSchedulerParametersFlags", set_scheduler),
    SYMBOL("virDomainGetMemoryParameters", memory_params),
    SYMBOL("virDomainSetMemoryFlags", set_memory),
    SYMBOL("virDomainSetMemoryStatsPeriod", set_memory_period),
};

static_assert(
    sizeof(ballast_libvirt) == sizeof(void *) * (1 + sizeof symbols / sizeof symbols[0]),
    "every function has a symbol");

int ballast_libvirt_load(
    const char *name, ballast_libvirt *functions, char *problem, size_t problem_size) {
  memset(functions, 0, sizeof *functions);
  void *library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    const char *why = dlerror();
    snprintf(problem, problem_size, "%s", why ? why : "dlopen failed");
    return -1;
  }
  for (size_t i = 0; i < sizeof symbols / sizeof symbols[0]; i++) {
    void *found = dlsym(library, symbols[i].name);
    if (!found) {
      snprintf(problem, problem_size, "%s has no function %s", name, symbols[i].name);
      dlclose(library);
      memset(functions, 0, sizeof *functions);
      return -1;
    }
    // dlsym returns a pointer to data where a pointer to a function is meant; POSIX says they are alike.
    memcpy((char *)functions + symbols[i].offset, &found, sizeof found);
  }
  functions->library = library;
  return 0;
}

static void say_nothing(void *data, void *error) {
  (void)data;
  (void)error;
}

void ballast_libvirt_be_quiet(const ballast_libvirt *functions) {
  functions->set_error_func(NULL, say_nothing);
}

void ballast_libvirt_release(void *text) { free(text); }
