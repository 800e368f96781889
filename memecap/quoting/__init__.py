"""quoting"""
