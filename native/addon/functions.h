/* The table of functions for other addons: see superslab_node.h. */
#ifndef SUPERSLAB_ADDON_FUNCTIONS_H
#define SUPERSLAB_ADDON_FUNCTIONS_H

#include <napi.h>

/* Puts the table where superslab_from_node finds it in this environment. */
void functions_publish(Napi::Env env);

#endif
