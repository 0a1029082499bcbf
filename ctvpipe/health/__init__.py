"""Did last night work?"""
