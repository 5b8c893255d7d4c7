// The part of libvirt's interface that Ballast uses, declared here so that nothing has to be installed to build it, and
// found in libvirt.so.0 at run time.
//
// Source: the documented, stable C ABI of libvirt (https://libvirt.org/html/libvirt-libvirt-domain.html, since 1.3.3).
// Tests/BallastKVMTests compares layouts and numbers with the real headers where they are installed.
#pragma once
#include <assert.h>
#include <stddef.h>

#define BALLAST_VIR_FIELD_LENGTH 80

typedef enum {
  BALLAST_VIR_INT = 1,
  BALLAST_VIR_UINT = 2,
  BALLAST_VIR_LLONG = 3,
  BALLAST_VIR_ULLONG = 4,
  BALLAST_VIR_DOUBLE = 5,
  BALLAST_VIR_BOOLEAN = 6,
  BALLAST_VIR_STRING = 7,
} ballast_vir_type;

/// virTypedParameter
typedef struct {
  char field[BALLAST_VIR_FIELD_LENGTH];
  int type;
  union {
    int i;
    unsigned int ui;
    long long l;
    unsigned long long ul;
    double d;
    char b;
    char *s;
  } value;
} ballast_vir_param;

static_assert(sizeof(ballast_vir_param) == 96, "virTypedParameter has 96 bytes");
static_assert(offsetof(ballast_vir_param, type) == 80, "its type is at 80");
static_assert(offsetof(ballast_vir_param, value) == 88, "its value is at 88");

/// virDomainStatsRecord
typedef struct {
  void *domain;
  ballast_vir_param *params;
  int nparams;
} ballast_vir_record;

static_assert(sizeof(ballast_vir_record) == 24, "virDomainStatsRecord has 24 bytes");
static_assert(offsetof(ballast_vir_record, params) == 8, "its parameters are at 8");
static_assert(offsetof(ballast_vir_record, nparams) == 16, "their number is at 16");

/// The beginning of virError, which is as much as is read of it.
typedef struct {
  int code;
  int domain;
  char *message;
  int level;
} ballast_vir_error;

static_assert(offsetof(ballast_vir_error, message) == 8, "the message is at 8");

/// virDomainJobInfo
typedef struct {
  int type;
  unsigned long long numbers[11];
} ballast_vir_job;

static_assert(sizeof(ballast_vir_job) == 96, "virDomainJobInfo has 96 bytes");

enum {
  BALLAST_VIR_STATS_STATE = 1 << 0,
  BALLAST_VIR_STATS_CPU_TOTAL = 1 << 1,
  BALLAST_VIR_STATS_BALLOON = 1 << 2,
  BALLAST_VIR_STATS_VCPU = 1 << 3,
};
enum {
  BALLAST_VIR_ALL_ACTIVE = 1 << 0,
  BALLAST_VIR_ALL_NOWAIT = 1 << 29,
};
enum { BALLAST_VIR_AFFECT_LIVE = 1 };
/// Jobs in progress; others are none, or are over.
enum { BALLAST_VIR_JOB_BOUNDED = 1, BALLAST_VIR_JOB_UNBOUNDED = 2 };
enum { BALLAST_VIR_UUID_LENGTH = 16, BALLAST_VIR_UUID_STRING_LENGTH = 37 };

enum {
  BALLAST_VIR_STATE_RUNNING = 1,
  BALLAST_VIR_STATE_BLOCKED = 2,
  BALLAST_VIR_STATE_PAUSED = 3,
  BALLAST_VIR_STATE_SHUTDOWN = 4,
  BALLAST_VIR_STATE_SHUTOFF = 5,
  BALLAST_VIR_STATE_CRASHED = 6,
  BALLAST_VIR_STATE_SUSPENDED = 7,
};
/// Reasons of the running and the paused state that mean migrating, saving, starting or stopping.
enum {
  BALLAST_VIR_RUNNING_POSTCOPY = 10,
  BALLAST_VIR_RUNNING_POSTCOPY_FAILED = 11,
  BALLAST_VIR_PAUSED_MIGRATION = 2,
  BALLAST_VIR_PAUSED_SAVE = 3,
  BALLAST_VIR_PAUSED_DUMP = 4,
  BALLAST_VIR_PAUSED_SHUTTING_DOWN = 8,
  BALLAST_VIR_PAUSED_SNAPSHOT = 9,
  BALLAST_VIR_PAUSED_STARTING_UP = 11,
  BALLAST_VIR_PAUSED_POSTCOPY = 12,
  BALLAST_VIR_PAUSED_POSTCOPY_FAILED = 13,
};

enum {
  BALLAST_VIR_ERR_INTERNAL = 1,
  BALLAST_VIR_ERR_NO_SUPPORT = 3,
  BALLAST_VIR_ERR_NO_CONNECT = 5,
  BALLAST_VIR_ERR_INVALID_CONN = 6,
  BALLAST_VIR_ERR_INVALID_ARG = 8,
  BALLAST_VIR_ERR_OPERATION_FAILED = 9,
  BALLAST_VIR_ERR_OPERATION_DENIED = 29,
  BALLAST_VIR_ERR_SYSTEM = 38,
  BALLAST_VIR_ERR_RPC = 39,
  BALLAST_VIR_ERR_NO_DOMAIN = 42,
  BALLAST_VIR_ERR_AUTH_FAILED = 45,
  BALLAST_VIR_ERR_OPERATION_INVALID = 55,
  BALLAST_VIR_ERR_CONFIG_UNSUPPORTED = 67,
  BALLAST_VIR_ERR_OPERATION_TIMEOUT = 68,
  BALLAST_VIR_ERR_ARGUMENT_UNSUPPORTED = 74,
  BALLAST_VIR_ERR_AUTH_CANCELLED = 79,
  BALLAST_VIR_ERR_OPERATION_UNSUPPORTED = 84,
  BALLAST_VIR_ERR_ACCESS_DENIED = 88,
  BALLAST_VIR_ERR_AUTH_UNAVAILABLE = 94,
};

/// The functions of libvirt.so.0 that are called. Connections and domains are opaque.
typedef struct {
  void *library;
  int (*initialize)(void);
  void (*set_error_func)(void *data, void (*handler)(void *data, void *error));
  ballast_vir_error *(*last_error)(void);
  void *(*open)(const char *uri);
  void *(*open_read_only)(const char *uri);
  int (*close)(void *connection);
  int (*is_alive)(void *connection);
  int (*all_stats)(void *connection, unsigned stats, ballast_vir_record ***records, unsigned flags);
  void (*free_stats)(ballast_vir_record **records);
  void *(*lookup_uuid)(void *connection, const char *uuid);
  int (*free_domain)(void *domain);
  const char *(*name)(void *domain);
  unsigned (*id)(void *domain);
  int (*uuid)(void *domain, unsigned char *uuid);
  int (*uuid_string)(void *domain, char *text);
  int (*is_persistent)(void *domain);
  char *(*xml)(void *domain, unsigned flags);
  int (*job)(void *domain, ballast_vir_job *job);
  char *(*scheduler_type)(void *domain, int *nparams);
  int (*scheduler)(void *domain, ballast_vir_param *params, int *nparams, unsigned flags);
  int (*set_scheduler)(void *domain, ballast_vir_param *params, int nparams, unsigned flags);
  int (*memory_params)(void *domain, ballast_vir_param *params, int *nparams, unsigned flags);
  int (*set_memory)(void *domain, unsigned long kibibytes, unsigned flags);
  int (*set_memory_period)(void *domain, int seconds, unsigned flags);
} ballast_libvirt;

/// Loads a library by name ("libvirt.so.0") and finds the functions.
///
/// Returns 0, or −1 with what is missing in `problem`. The library stays loaded: its threads may be running.
int ballast_libvirt_load(
    const char *name, ballast_libvirt *functions, char *problem, size_t problem_size);

/// Errors are not printed by the library; they are read where they occur.
void ballast_libvirt_be_quiet(const ballast_libvirt *functions);

/// Of a string, from free(3): what libvirt hands out is from the C library's heap.
void ballast_libvirt_release(void *text);
