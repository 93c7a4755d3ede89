{
    "targets": [
        {
            "target_name": "thumbnail",
            "sources": ["thumbnail.c"],
            "defines": ["NAPI_VERSION=8"],
            # Lines of the source in the profile.
            "cflags": ["-g"],
        }
    ]
}
