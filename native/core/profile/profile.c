#include "profile/profile.h"
#include "base/process.h"
#include <stdlib.h>
static size_t mean=524288;
_Atomic uint64_t proto_samples, proto_freed;
size_t ss_profile_mean(void){return mean;}
void ss_profile_sample(const void *block, size_t size, size_t stride, uint32_t label){ proto_samples++; }
void ss_profile_freed(uintptr_t block){ proto_freed++; }
__attribute__((constructor(101))) static void go(void){ const char*e=ss_os_environment("SUPERSLAB_PROFILE"); if(e!=NULL) atomic_fetch_or(&ss_process->heaps.watched, SS_WATCHED_BY_PROFILE);}
__attribute__((destructor)) static void end(void){ const char*e=getenv("PROTO"); if(e){char b[100]; int n=__builtin_snprintf(b,100,"samples %lu freed %lu\n",proto_samples,proto_freed); ss_os_write_error(b,n);} }
