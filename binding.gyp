# Sources and flags come from native/sources.json, as in CMakeLists.txt. This build makes what is shipped,
# through prebuildify; the daily one is CMake's.
{
    "target_defaults": {
        "include_dirs": [
            "<!@(node scripts/sources.cjs include)",
            "<!(node -p \"require('node-addon-api').include_dir\")",
        ],
        "defines": [
            "NAPI_VERSION=8",
            "NODE_ADDON_API_DISABLE_CPP_EXCEPTIONS",
            "NODE_ADDON_API_DISABLE_DEPRECATED",
            "SUPERSLAB_BUILD_FLAGS=\"<!(node scripts/build-flags.cjs <(OS))\"",
        ],
        # On 64-bit systems they only bind to newer names of the same functions.
        "defines!": ["_FILE_OFFSET_BITS=64", "_LARGEFILE_SOURCE"],
        "cflags!": ["-fno-omit-frame-pointer"],
        "cflags": [
            "<!@(node scripts/sources.cjs flags release)",
            "<!@(node scripts/sources.cjs flags common)",
            "<!@(node scripts/sources.cjs flags os <(OS))",
        ],
        "cflags_c": ["<!@(node scripts/sources.cjs flags c)"],
        "cflags_cc": ["<!@(node scripts/sources.cjs flags cxx)"],
        "xcode_settings": {
            "OTHER_CFLAGS": [
                "<!@(node scripts/sources.cjs flags release)",
                "<!@(node scripts/sources.cjs flags common)",
                "<!@(node scripts/sources.cjs flags c)",
            ],
            "OTHER_CPLUSPLUSFLAGS": [
                "<!@(node scripts/sources.cjs flags release)",
                "<!@(node scripts/sources.cjs flags common)",
                "<!@(node scripts/sources.cjs flags cxx)",
            ],
        },
        "ldflags": [
            "<!@(node scripts/sources.cjs flags linkCore <(OS))",
            "<!@(node scripts/sources.cjs flags linkAddon <(OS))",
        ],
        # What is seldom executed is compiled for size; flags are a target's.
        "target_conditions": [
            [
                "_type=='static_library'",
                {
                    "sources": [
                        "<!@(node scripts/sources.cjs seldom core)",
                        "<!@(node scripts/sources.cjs seldom os <(OS))",
                    ],
                    "cflags_c": ["<!@(node scripts/sources.cjs flags seldom)"],
                    "xcode_settings": {
                        "OTHER_CFLAGS": ["<!@(node scripts/sources.cjs flags seldom)"],
                    },
                },
                {
                    "sources": [
                        "<!@(node scripts/sources.cjs often core)",
                        "<!@(node scripts/sources.cjs often os <(OS))",
                        "<!@(node scripts/sources.cjs bench)",
                        "<!@(node scripts/sources.cjs addon)",
                        "<!@(node scripts/sources.cjs execute <(OS))",
                    ],
                },
            ],
        ],
    },
    "targets": [
        {"target_name": "seldom", "type": "static_library"},
        {"target_name": "superslab", "dependencies": ["seldom"]},
        # For where static thread-local storage is spent, and for musl.
        {
            "target_name": "seldom_tls_dynamic",
            "type": "static_library",
            "defines": ["SUPERSLAB_TLS_DYNAMIC=1"],
        },
        {
            "target_name": "superslab_tls_dynamic",
            "defines": ["SUPERSLAB_TLS_DYNAMIC=1"],
            "dependencies": ["seldom_tls_dynamic"],
        },
    ],
}
