/* Functions that the scenarios share. */
#ifndef EXPLORER_SCENARIOS_H
#define EXPLORER_SCENARIOS_H

#include "explorer.h"
#include "platform.h"

#include "front/init.h"
#include "slab/give.h"

/* ---- blocks ---- */

/* Notes that a block was handed out to the caller; no thread may have it. Marks both ends and the middle. */
void block_claim(void *block);
/* Before it is freed: checks its marks, and notes that no thread has it any more. */
void block_drop(void *block);

/* The same for an address, which is neither read nor written. */
void address_claim(void *address);
void address_drop(void *address);

/* The same for a slab that a thread owns. */
void slab_claim(ss_slab *slab);
void slab_drop(ss_slab *slab);

/* ---- slabs of four blocks ---- */

unsigned four_blocks_bin(void);
size_t four_blocks_size(void);
ss_space *headed_space(void);

/* A record of such a slab that becomes another slab's: no thread may still use the old one. Only threads that come too
 * late for the list's head read its link. */
void records_are_reborn(void);

/* Drops the block and gives it to its slab. `owner` adopts the slab if it may, and lets it go at once. */
void block_give(void *block, uint32_t owner, bool adopts);

/* From now on no slab of the bin is kept as a spare: it ends with its last block. */
void spares_forbid(unsigned bin);

/* Takes over each listed slab of the bin and lets it go, which ends those that are whole. */
void listed_end(unsigned bin);

/* Nothing is live, cached or lost: no slab is left, no block is large. */
void check_nothing_left(void);

/* From now on a second free of the block is counted; any other error fails the scenario. In its setup. */
void double_frees_expect(const void *block);
uint32_t double_frees(void);

#endif
