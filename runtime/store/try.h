/* try.h: what results ask of their file system, and some (CIFS, sshfs, vfat by mount options) refuse: modes, being told when bytes
 * are on the disk, and locks. */
#pragma once
struct err;
struct store;

/* In the folder of a store that is to be made. A folder that nothing can be created in is left to whoever creates something. X_STORE
 * comes by store_err(). */
int try_new(int dir, struct err *e);
/* Of a store that is there, before work is begun whose result it would refuse: cheap, since nothing new goes to the disk. X_STORE. */
int store_try(const struct store *st, struct err *e);
