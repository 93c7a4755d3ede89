{
    "targets": [
        {
            "target_name": "histogram",
            "sources": ["histogram.c"],
            "include_dirs": ["<!(npx superslab include)"],
            "defines": ["NAPI_VERSION=8"],
        }
    ]
}
