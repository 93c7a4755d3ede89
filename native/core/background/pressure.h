/* What is told when the container nears its limit: one report of the process's memory, and the figures that JavaScript
 * passes on. */
#ifndef SS_PRESSURE_H
#define SS_PRESSURE_H

#include "base/container.h"
#include "base/sealed.h"

/* Has the scavenger write a report when the container nears its limit: to stderr if `path` is empty, else appended to
 * that file. Called at most once, before there is a second thread. `path` is absolute and stays. */
void ss_pressure_report_to(const char *path);

/* Called by the scavenger after each look at the container. Writes the report when the limit is near, or soon will be,
 * but not within SS_PRESSURE_PAUSE_NANOSECONDS after the last one, and only if this process holds one part in
 * SS_PRESSURE_SHARE of what is used. */
void ss_pressure_tick(const ss_container_use *use);

/* For the scavenger: the milliseconds until it should look again, at most SS_CONTAINER_MILLISECONDS, and whether it
 * should stay to look although there is nothing else to do. */
uint32_t ss_pressure_pause(void);
bool ss_pressure_stays(void);

/* Looks at the container on the calling thread. False while another thread does, and where there is no limit. */
bool ss_pressure_look(ss_container_use *use);

/* Writes lines where the reports go, from a thread of the program; nothing where none is written. */
void ss_pressure_note(const char *text, size_t bytes);

/* In the child of a fork: releases the lock if another thread was looking, and finds the container anew. */
void ss_pressure_inherit(void);

#endif
