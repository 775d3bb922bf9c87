"""``python -m blurdct``: the command line."""

if __name__ == "__main__":  # a worker process imports this module too, and needs none of it
    from .cli.app import main

    main()
