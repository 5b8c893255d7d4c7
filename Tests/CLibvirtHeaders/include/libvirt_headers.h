// Compares libvirt's real headers with the declarations Ballast carries, where the headers are installed.
#pragma once

/// 0: <libvirt/libvirt.h> was not there when this was compiled.
int ballast_libvirt_headers_present(void);

/// How many things were compared.
int ballast_libvirt_compared(void);

/// The first thing that differs; NULL if nothing does.
const char *ballast_libvirt_difference(void);
