/* accel_kvm.h: the part of the probe that talks to KVM. Runs in a child that is thrown away: it frees nothing, and may
 * hang. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/* kvm: /dev/kvm. false: *why has one line for people. */
bool accel_kvm_runs(int kvm, char *why, size_t max);
